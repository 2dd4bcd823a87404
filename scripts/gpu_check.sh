#!/usr/bin/env bash
# Measures Llama's shape on this machine's GPU: tokens/s and time to first token at concurrency
# 1, 32, 128 and 256, JSON mode on and off, fp8 and bf16, through Fogbank and through vLLM's own
# server. Random weights, so nothing is downloaded; a tokenizer comes from the embedded profile.
#
#   scripts/gpu_check.sh [--out bench/results] [--rehearse] [--levels 1,32] [--tokens 256]
#
# PYTHON names the interpreter that has vLLM and Fogbank's needs (default: .venv/bin/python).
# TOKENIZER names a folder with a tokenizer (default: the embedded profile's, pulled when missing).
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
command -v "$python" >/dev/null || {
    echo "no $python: run 'make setup' first, or name an interpreter with PYTHON=" >&2
    exit 2
}
export PYTHONPATH="server:.${PYTHONPATH:+:$PYTHONPATH}"

if [ -z "${TOKENIZER:-}" ]; then
    TOKENIZER=$("$python" scripts/engine_folder.py embedded smollm2)
fi
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,memory.total --format=csv,noheader
exec "$python" -m bench.gpu_check --tokenizer "$TOKENIZER" "$@"
