"""The file of tasks: every task of a card is in it, and what is wrong with it is told."""

from pathlib import Path
from typing import get_args

import pytest

from fogbank.catalog.card import TaskName
from fogbank.catalog.mistakes import CatalogError
from fogbank.catalog.task_info import load_tasks
from fogbank.settings import package_data


def test_every_task_is_described() -> None:
    tasks = load_tasks(package_data())
    assert set(tasks) == set(get_args(TaskName))
    assert len({task.id for task in tasks.values()}) == len(tasks)
    assert all(task.description.endswith(".") for task in tasks.values())


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("Text Generation: {id: x, description: y, output: z}", "Text Generation.id"),
        ("Text Cooking: {}", "Text Cooking"),
        ("a: [", "not YAML"),
        ("[]", "dictionary"),
    ],
)
def test_what_is_wrong_is_told(text: str, mistake: str, tmp_path: Path) -> None:
    (tmp_path / "tasks.yaml").write_text(text)
    with pytest.raises(CatalogError, match=mistake):
        load_tasks(tmp_path)
