"""Logs that people have: their forms, their columns, their bad rows."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.cost.log_columns import UnknownColumns
from fogbank.cost.log_import import Imported, import_rows
from fogbank.cost.log_rows import LogRow, read_rows
from fogbank.tasks import Usage

GATEWAY = {
    "id": "01",
    "created_at": "2026-11-20T10:00:00.000Z",
    "provider": "workers-ai",
    "model": "@cf/meta/llama-3.1-8b-instruct",
    "success": True,
    "cached": False,
    "tokens_in": 100,
    "tokens_out": 20,
    "cost": 0.1,
    "metadata": {"team": "a"},
}
DAY = date(2026, 11, 20)


def price(model: str, usage: Usage) -> float | None:
    if model == "unknown":
        return None
    return usage.prompt_tokens + 2.0 * usage.completion_tokens - 0.5 * usage.cached_tokens


def imported(file: Path, **options: Any) -> Imported:
    return import_rows(read_rows(file), price, **options)


def only(told: Imported) -> Any:
    (use,) = told.uses.values()
    return use


def test_logs_of_ai_gateway_as_json_lines_and_as_the_api_gives_them(tmp_path: Path) -> None:
    rows = [
        GATEWAY,
        {**GATEWAY, "cached": True},
        {**GATEWAY, "success": False, "tokens_out": 0},
    ]
    lines = tmp_path / "logs.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"success": True, "result": rows}))
    for file in (lines, answer):
        told = imported(file)
        use = only(told)
        assert (use.day, use.model, use.requests) == (DAY, GATEWAY["model"], 3)
        assert (use.prompt_tokens, use.completion_tokens, use.neurons) == (100, 20, 140)
        assert (told.rows, told.cached, told.failed, told.bad) == (3, 1, 1, [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    heading = ["Created_At", "Model", "Tokens_In", "tokens_out", "cached"]
    cells = ["2026-11-20 10:00:00", "@cf/a", "7", "1", "false"]
    file = tmp_path / "logs.csv"
    file.write_bytes(
        b"\xef\xbb\xbf" + "\r\n".join(delimiter.join(each) for each in (heading, cells)).encode()
    )
    use = only(imported(file))
    assert (use.day, use.model, use.neurons) == (DAY, "@cf/a", 9)


def test_analytics_of_workers_ai(tmp_path: Path) -> None:
    group = {
        "count": 12,
        "dimensions": {"date": "2026-11-20", "modelId": "@cf/a"},
        "sum": {"totalNeurons": 55.5, "totalInputTokens": 10, "totalOutputTokens": 4},
    }
    document = {"data": {"viewer": {"accounts": [{"aiInferenceAdaptiveGroups": [group, group]}]}}}
    file = tmp_path / "analytics.json"
    file.write_text(json.dumps(document, indent=1))
    use = only(imported(file))
    assert (use.requests, use.neurons, use.prompt_tokens) == (24, 111, 20)
    again = only(imported(file, recorded=False))
    assert again.neurons == 20 + 2 * 8


def test_the_usage_api_of_openai(tmp_path: Path) -> None:
    result = {
        "object": "organization.usage.completions.result",
        "input_tokens": 1000,
        "output_tokens": 500,
        "input_cached_tokens": 800,
        "num_model_requests": 5,
        "project_id": None,
        "model": "gpt-4o",
    }
    bucket = {"object": "bucket", "start_time": 1763596800, "results": [result]}
    file = tmp_path / "usage.json"
    file.write_text(json.dumps({"object": "page", "data": [bucket], "has_more": False}))
    use = only(imported(file, models={"gpt-4o": "@cf/b"}))
    assert (use.model, use.requests, use.neurons) == ("@cf/b", 5, 1000 + 1000 - 400)
    assert use.day == date(2025, 11, 20)


def test_answers_of_openai(tmp_path: Path) -> None:
    answer = {
        "id": "chatcmpl-1",
        "created": 1763596800,
        "model": "unknown",
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }
    file = tmp_path / "answers.jsonl"
    file.write_text(json.dumps(answer) + "\n" + json.dumps(answer))
    use = only(imported(file))
    assert (use.requests, use.unpriced, use.neurons) == (2, 2, 0)


def test_bad_rows_are_told_by_line(tmp_path: Path) -> None:
    rows = [
        json.dumps(GATEWAY),
        "{",
        json.dumps({**GATEWAY, "tokens_in": "many"}),
        json.dumps({**GATEWAY, "tokens_in": -1}),
        json.dumps({**GATEWAY, "tokens_out": 1.5}),
        json.dumps({**GATEWAY, "created_at": "yesterday"}),
        json.dumps({**GATEWAY, "model": ""}),
        "[1]",
        json.dumps(GATEWAY),
    ]
    file = tmp_path / "logs.jsonl"
    file.write_text("\n".join(rows))
    told = imported(file)
    assert only(told).requests == 2
    assert [line for line, _ in told.bad] == [2, 3, 4, 5, 6, 7, 8]
    text = "\n".join(what for _, what in told.bad)
    for words in (
        "is no JSON",
        "tokens_in: 'many' is no number",
        "tokens_in: '-1' is no number from 0 up",
        "tokens_out: 1.5 is no whole number",
        "created_at: 'yesterday' is no time such as",
        "names no model",
        "is no object",
    ):
        assert words in text


def test_a_row_of_csv_that_is_too_short(tmp_path: Path) -> None:
    file = tmp_path / "logs.csv"
    file.write_text("date,model,tokens_in,tokens_out\n2026-11-20,@cf/a,1,1\n2026-11-20,@cf/a\n")
    told = imported(file)
    assert told.bad == [(3, "has 2 cells where there are 4 columns")]


def test_columns_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "logs.csv"
    file.write_text("when,engine,in,out\n2026-11-20,@cf/a,5,6\n")
    with pytest.raises(UnknownColumns, match="--column model=NAME --column prompt_tokens=NAME"):
        imported(file)
    said = {"model": "engine", "prompt_tokens": "in", "completion_tokens": "out", "at": "when"}
    assert only(imported(file, said=said)).neurons == 17
    with pytest.raises(UnknownColumns, match="no column 'motor'; there are: when, engine"):
        imported(file, said={**said, "model": "motor"})
    with pytest.raises(UnknownColumns, match="'speed' is no field"):
        imported(file, said={**said, "speed": "in"})
    del said["at"]
    assert imported(file, said=said).bad[0][1].startswith("has no time; --day gives it one")
    assert only(imported(file, said=said, day=DAY)).day == DAY


def test_files_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "x"
    for text in ("", "  \n"):
        file.write_text(text)
        with pytest.raises(ValueError, match="is empty"):
            imported(file)
    file.write_text('{"a":\n 1,}')
    with pytest.raises(ValueError, match="is no JSON"):
        imported(file)
    file.write_text('{\n"a": {"b": 1}}')
    with pytest.raises(ValueError, match="no list of records"):
        imported(file)


values = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"model": values, "created_at": values, "tokens_in": values, "tokens_out": values},
            optional={"cached": values, "success": values, "neurons": values, "requests": values},
        ),
        max_size=6,
    )
)
def test_every_row_is_used_or_told(rows: list[dict[str, Any]]) -> None:
    told = import_rows((LogRow(n, row) for n, row in enumerate(rows, 1)), price)
    assert told.rows == len(rows)
    used = len(rows) - len(told.bad)
    assert (used > 0) == bool(told.uses)
    for use in told.uses.values():
        assert use.neurons >= 0
        assert use.prompt_tokens >= 0
