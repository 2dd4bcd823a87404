"""A catalogue in CSV: a line of column names, then a plan a line."""

import csv
import io
import re
from typing import Any

from fogbank.deployments.energygenius import power_to_choose
from fogbank.deployments.energygenius.catalogue_rows import Raw, Wrong
from fogbank.deployments.energygenius.plan import Plan

COLUMNS = {
    re.sub("[^a-z]", "", name): str(field.alias) for name, field in Plan.model_fields.items()
}
"""Names without case and marks: plan_id, planId and "Plan ID" are one column."""

csv.field_size_limit(1 << 20)


def read_csv(content: bytes) -> Raw:
    """Never raises; what cannot be read is in `wrong`."""
    raw = Raw()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raw.wrong.append(Wrong(0, "", f"not UTF-8: {error.reason}"))
        return raw
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        exported = power_to_choose.is_export(header)
        if not exported:
            _check(header, raw)
        if raw.wrong:
            return raw
        begins = rows.line_num + 1
        for row in rows:
            line, begins = begins, rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                told = f"{len(row)} cells; the first line names {len(header)} columns"
                raw.wrong.append(Wrong(line, "", told))
                continue
            cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
            raw.records.append((line, cells if exported else _record(cells)))
    except csv.Error as error:
        raw.wrong.append(Wrong(rows.line_num, "", f"not CSV: {error}"))
        return raw
    return power_to_choose.translated(raw) if exported else raw


def _check(header: list[str], raw: Raw) -> None:
    known = [COLUMNS.get(_plain(name)) for name in header]
    for name, alias in zip(header, known, strict=True):
        if alias is None:
            told = f"unknown column; expected {', '.join(COLUMNS.values())}"
            raw.wrong.append(Wrong(1, name, f"{told}, or those of Power to Choose"))
        elif known.count(alias) > 1:
            raw.wrong.append(Wrong(1, name, "the column is there twice"))


def _record(cells: dict[str, str]) -> dict[str, Any]:
    """Empty cells are absent."""
    return {COLUMNS[_plain(name)]: cell for name, cell in cells.items() if cell}


def _plain(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())
