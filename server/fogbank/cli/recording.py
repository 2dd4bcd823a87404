"""A recorded run of EnergyGenius' scenarios: a file that can be an arm of a comparison.

`runs` has what `fogbank compare --record` wrote, or, from whoever has a Worker elsewhere, a whole
answer of POST /api/recommend each: `{"scenario": ..., "answer": {...}, "wallMs": ...}`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fogbank.cli.common import fail
from fogbank.clock import Clock
from fogbank.deployments.energygenius.comparison import arm_of, run_of

FORMAT = "fogbank-energygenius-recording/1"
KEYS = {"scenario", "wallMs", "stages", "top", "errors", "neurons"}

MORE = ("spending",)
"""What of an arm not every one has."""


def write_recording(path: Path, arm: dict[str, Any]) -> None:
    """Writes an arm's runs."""
    document = {
        "format": FORMAT,
        "recordedAt": Clock().now().isoformat(timespec="seconds"),
        "name": arm["name"],
        "model": arm["model"],
        "servedBy": arm["servedBy"],
        **{name: arm[name] for name in MORE if name in arm},
        "runs": arm["runs"],
    }
    try:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}", 1)


def read_recording(path: Path, scenarios: Sequence[str]) -> dict[str, Any]:
    """The arm of a file, as far as it has these scenarios. Ends the command for another file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{path} is no recording: {error}")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        fail(f'{path} is no recording: expected "format": "{FORMAT}"')
    try:
        runs = [_run(run) for run in document["runs"]]
        found = [run for run in runs if run["scenario"] in scenarios]
        name = f"{document.get('name', path.stem)}, recorded {document.get('recordedAt', '')[:10]}"
        told = {"model": document.get("model"), "servedBy": document.get("servedBy")}
        told |= {name: document[name] for name in MORE if name in document}
        arm = arm_of(name.removesuffix(", recorded "), found, **told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fail(f"{path} is no recording: {type(error).__name__}: {error}")
    if not found:
        fail(f"{path} has none of the scenarios {', '.join(scenarios)}")
    return arm


def _run(run: dict[str, Any]) -> dict[str, Any]:
    if "answer" in run:
        return run_of(run["scenario"], run["answer"], run.get("wallMs"))
    missing = KEYS - run.keys()
    if missing:
        raise KeyError(f"a run lacks {', '.join(sorted(missing))}")
    return run
