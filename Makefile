# Everything a person does here, one verb a line. `make` alone lists them.
#
#   EXTRA=auto|cpu|gpu|transformers|none   which engines to install (auto: what the machine is)
#   ARGS="--profile cpu --port 9000"       further arguments of the command that a verb runs
#   NAME=chat                              which example to run
#   PYTHON=/path/to/python3.12             3.11, 3.12 or 3.13; by default the first that is found
#   VENV=.venv                             where the virtual environment lives
#   TORCH_INDEX=...                        where torch's CPU build is, if pip's own indexes lack it

EXTRA ?= auto
VENV ?= .venv
PYTHON ?=
ARGS ?=
UPGRADE ?=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := $(VENV)/bin
LOCKS := requirements
CHECK_PYTHON := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
FIND_PYTHON = for python in $(PYTHON) $(BIN)/python python3.11 python3.12 python3.13 python3; do \
	$$python -c '$(CHECK_PYTHON)' 2>/dev/null && break; python=; done; \
	test -n "$$python" || { echo "Fogbank needs Python 3.11, 3.12 or 3.13, and none was found." \
	"Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv) or name it:" \
	"make $@ PYTHON=/path/to/python3.11" >&2; exit 1; }
SETUP = @$(FIND_PYTHON); exec $$python scripts/setup.py --venv $(VENV) --extra $(EXTRA) \
	--torch-index $(TORCH_INDEX)
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	--annotation-style line --custom-compile-command "make locks" $(UPGRADE)

# Tests that take the machine for themselves; all others run side by side.
ALONE := engine or faults

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev serve test verify lint fmt example named bench bench-json locks clean

help: ## Lists the verbs.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## Sets up the virtual environment to serve; does nothing when there is nothing to do.
	$(SETUP)

setup-dev: ## The same, with the tools that test and check.
	$(SETUP) --dev

serve: setup ## Sets up what is missing, then serves on 127.0.0.1:8686 in the foreground.
	@exec $(BIN)/fogbank serve $(ARGS)

test: setup-dev ## Runs every test but the long proofs, on the real engines that are installed.
	@$(BIN)/python scripts/setup_clients.py --venv $(VENV)
	@$(BIN)/python scripts/setup.py --venv $(VENV) --has-engines || exit 0; \
		$(BIN)/fogbank pull --profile embedded
	@test -n "$(ARGS)" || $(BIN)/pytest -n auto --maxprocesses 8 -m "not verify and not ($(ALONE))"
	@exec $(BIN)/pytest $(if $(ARGS),$(ARGS),-m "not verify and ($(ALONE))")

verify: setup-dev ## Runs the long proofs: faults, soaks, large sets.
	@exec $(BIN)/pytest -m verify $(ARGS)

lint: setup-dev ## Checks style and types (ruff, mypy --strict).
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run make fmt" >&2; exit 1; }
	@$(BIN)/mypy

fmt: setup-dev ## Formats the code and mends what can be mended.
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

example: named setup ## Runs an example Worker here, NAME=chat (examples/README.md has them all).
	@test -d examples/node_modules || (cd examples && npm install --no-save --ignore-scripts --no-audit --no-fund)
	@cd examples/$(NAME) && PATH="$(abspath $(BIN)):$$PATH" exec npm start --silent -- $(ARGS)

named:
	@test -n "$(NAME)" || { echo "Which one? make example NAME=chat" >&2; exit 1; }
	@test -f examples/$(NAME)/package.json || { echo "There is no examples/$(NAME)" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "The examples need Node 20 or later, with npm" >&2; exit 1; }

bench: setup-dev ## Measures the front end beside vLLM's own server.
	@tokenizer=$$($(BIN)/python scripts/engine_folder.py embedded smollm2) && \
		exec $(BIN)/python -m bench.front_end --tokenizer "$$tokenizer" --out bench/results $(ARGS)

bench-json: setup-dev ## Measures JSON mode with each back end, unconstrained text beside it.
	@model=$$($(BIN)/python scripts/engine_folder.py embedded smollm2) && \
		exec $(BIN)/python -m bench.json_mode --model "$$model" --out bench/results $(ARGS)

locks: setup-dev ## Resolves the locks anew; UPGRADE=--upgrade takes newer versions.
	$(COMPILE) pyproject.toml --config-file $(LOCKS)/resolve-cpu.toml --extra cpu \
		--no-emit-package torch -o $(LOCKS)/cpu.lock
	$(COMPILE) pyproject.toml --config-file $(LOCKS)/resolve-cpu.toml --extra transformers \
		--no-emit-package torch -c $(LOCKS)/cpu.lock -o $(LOCKS)/transformers.lock
	$(COMPILE) pyproject.toml --extra deployments -c $(LOCKS)/cpu.lock -o $(LOCKS)/core.lock
	$(COMPILE) pyproject.toml --extra dev -c $(LOCKS)/cpu.lock -o $(LOCKS)/dev.lock
	$(COMPILE) pyproject.toml --config-file $(LOCKS)/resolve-gpu.toml --extra gpu \
		-c $(LOCKS)/dev.lock -o $(LOCKS)/gpu.lock
	$(COMPILE) $(LOCKS)/clients.in -o $(LOCKS)/clients.lock
	echo 'hatchling>=1.27' | $(COMPILE) - -c $(LOCKS)/dev.lock -o $(LOCKS)/build.lock

clean: ## Removes what was built and installed here; models and keys stay in the data directory.
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
