"""What models/search says about each task: `model_configs/tasks.yaml`, by the task's name."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fogbank.catalog.card import TaskName
from fogbank.catalog.document import read_document
from fogbank.catalog.mistakes import CatalogError


class TaskInfo(BaseModel):
    """One task as the service lists it (contract 1.4: the id is constant per task name)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    description: str
    output: str = Field(description="Output schema of its models, a file of schemas/output.")


_TASKS = TypeAdapter(dict[TaskName, TaskInfo])


def load_tasks(package_data: Path) -> dict[TaskName, TaskInfo]:
    """Every task. Raises CatalogError for a file that cannot be read or has something else."""
    document = read_document(package_data / "tasks.yaml")
    if document.mistakes:
        raise CatalogError(document.mistakes)
    try:
        return _TASKS.validate_python(document.data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise CatalogError([document.mistake(item["loc"], item["msg"]) for item in found]) from None
