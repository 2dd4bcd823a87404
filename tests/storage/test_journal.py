"""The journal: lines that survive their writer, torn lines, folders that several share."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from fogbank.storage.journal import Journal, ended_segments, waiting_bytes


def written(folder: Path) -> list[bytes]:
    """The lines of every ended segment."""
    return [line for _, stream in ended_segments(folder) for line in stream]


def test_a_line_is_with_the_kernel_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(b"one\n")
    (segment,) = tmp_path.iterdir()
    assert segment.read_bytes() == b"one\n"
    assert segment.stat().st_mode & 0o077 == 0
    assert waiting_bytes(tmp_path) == 4
    journal.rotate()


def test_the_segment_that_is_written_is_nobody_elses(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(b"one\n")
    assert written(tmp_path) == []
    journal.rotate()
    assert written(tmp_path) == [b"one\n"]


def test_only_the_first_line_of_a_segment_begins_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert [journal.append(b"1\n"), journal.append(b"2\n")] == [True, False]
    journal.rotate()
    journal.rotate()
    assert journal.append(b"3\n")
    journal.rotate()
    assert written(tmp_path) == [b"1\n", b"2\n", b"3\n"]


def test_an_idle_journal_has_no_file(tmp_path: Path) -> None:
    Journal(tmp_path / "none").rotate()
    assert list(ended_segments(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()


def test_a_segment_that_another_process_removed_meanwhile_is_not_written(tmp_path: Path) -> None:
    """Between making a segment and locking it, somebody may take it for an ended one."""
    opened = os.open
    removed: list[Path] = []

    def open_and_remove(path: Path, *rest: int) -> int:
        descriptor = opened(path, *rest)
        if not removed:
            removed.append(path)
            path.unlink()
        return descriptor

    journal = Journal(tmp_path)
    with patch("fogbank.storage.journal.os.open", open_and_remove):
        journal.append(b"one\n")
    journal.rotate()
    assert written(tmp_path) == [b"one\n"]


def test_a_full_disk_costs_one_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(b"one\n")
    write = os.write
    with (
        patch("fogbank.storage.journal.os.write", lambda to, data: write(to, data[:2])),
        pytest.raises(OSError, match="disk full"),
    ):
        journal.append(b"two\n")
    with (
        patch("fogbank.storage.journal.os.write", side_effect=OSError(28, "No space left")),
        pytest.raises(OSError, match="No space"),
    ):
        journal.append(b"three\n")
    journal.append(b"four\n")
    journal.rotate()
    assert written(tmp_path) == [b"one\n", b"tw\n", b"four\n"]
