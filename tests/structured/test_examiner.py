"""The process that may be lost, on its own: one line in, one line out."""

import json
import subprocess
import sys
from typing import Any

from fogbank.structured import examiner


def told(*lines: str) -> list[Any]:
    command = [sys.executable, "-I", str(examiner.__file__)]
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_jobs_are_answered_in_turn_until_its_input_ends() -> None:
    deep = "[" * 120 + "]" * 120
    asked = {"backend": "llguidance", "levels": [[None, None, False]]}
    jobs = [
        {**asked, "regex": "a"},
        {**asked, "schema": '{"type":"x"}'},
        {**asked, "schema": f'{{"const":{deep}}}'},
        {**asked, "schema": '{"type":"null"}'},
        {"schema": "{}", "verify": "1"},
    ]
    answers = told(*map(json.dumps, jobs))
    assert [sorted(one) for one in answers] == [
        ["after", "checked", "constraints", "recursive", "shortest"],
        ["refused"],
        ["refused"],
        ["after", "checked", "constraints", "recursive", "shortest"],
        ["problem"],
    ]
    assert told() == []
