"""Least-cost dispatch and commitment of a grid, solved with HiGHS (highs.dev)."""

from collections.abc import Mapping
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import File, InvalidInput, Unavailable
from fogbank.deployments.esmap.models.grid_optimizer.answer import answer_of
from fogbank.deployments.esmap.models.grid_optimizer.baseline import merit_order
from fogbank.deployments.esmap.models.grid_optimizer.optimising import optimise
from fogbank.deployments.esmap.models.grid_optimizer.program import new_solver
from fogbank.deployments.esmap.models.grid_optimizer.reading import read_case


class GridOptimizer:
    """`seconds` is what the solver may take, `gap` the relative gap at which it may stop.

    Programs of at most `exact_columns` columns are solved without a gap.
    """

    def __init__(self, seconds: float, gap: float, exact_columns: int, version: str) -> None:
        self._seconds = seconds
        self._gap = gap
        self._exact_columns = exact_columns
        self.version = version

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        grid_of(input)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        return await call.compute(self.compute, grid_of(input))

    def compute(self, grid: dict[str, Any]) -> dict[str, Any]:
        """The inner result. Raises InvalidInput with the field and the reason."""
        case, ignored = read_case(grid)
        outcome = optimise(case, self._seconds, self._gap, self._exact_columns)
        return answer_of(case, outcome, merit_order(case), self.version, ignored)


def grid_of(input: Any) -> dict[str, Any]:
    """The grid of an input. Raises InvalidInput."""
    if isinstance(input, dict):
        for name in ("gridData", "grid_data"):
            if isinstance(input.get(name), dict):
                grid: dict[str, Any] = input[name]
                return grid
    raise InvalidInput("Input must contain gridData")


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> GridOptimizer:
    """`config`: `seconds` of solving, less than the card's deadline; `gap`, relative, and
    `exact_columns`, the size up to which there is none.
    """
    try:
        version = str(new_solver().version())
    except ImportError as error:
        raise Unavailable("grid-optimizer needs highspy: install fogbank[deployments]") from error
    seconds, gap = float(config["seconds"]), float(config["gap"])
    if not 0 < seconds < card.deadline or not 0 <= gap < 1:
        raise ValueError("seconds must be under the card's deadline, gap from 0 to 1")
    return GridOptimizer(seconds, gap, int(config["exact_columns"]), version)
