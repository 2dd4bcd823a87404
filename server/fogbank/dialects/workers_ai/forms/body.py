"""What a form reads: the properties of a model input that its schema has checked."""

from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]
