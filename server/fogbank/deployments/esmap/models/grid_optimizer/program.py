"""A linear or mixed-integer program in arrays, and what HiGHS makes of it."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.int64]
Values = NDArray[np.float64]
Terms = list[tuple[Indices, ArrayLike]]
"""Columns and their coefficients: one a row, or a matrix of units by rows."""
INFINITY = np.inf


@dataclass(frozen=True, slots=True)
class Solution:
    """`status` in HiGHS's words. `values` and `duals` (of rows) are None where there is none.

    `bound` is what no solution can be under, `gap` the relative distance to it.
    """

    status: str
    values: Values | None
    duals: Values | None
    objective: float
    bound: float
    gap: float
    seconds: float

    @property
    def infeasible(self) -> bool:
        """Whether it was proved that there is no solution."""
        return self.status == "Infeasible"


@dataclass(slots=True)
class Program:
    """Columns and rows are added in blocks; minimised."""

    _lower: list[Values] = field(default_factory=list)
    _upper: list[Values] = field(default_factory=list)
    _cost: list[Values] = field(default_factory=list)
    _integer: list[NDArray[np.bool_]] = field(default_factory=list)
    _rows: list[tuple[Values, Values]] = field(default_factory=list)
    _terms: list[tuple[Indices, Indices, Values]] = field(default_factory=list)
    columns: int = 0
    rows: int = 0

    def add_columns(
        self,
        count: int,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = INFINITY,
        cost: ArrayLike = 0.0,
        *,
        integer: bool = False,
    ) -> Indices:
        """Their indices."""
        self._lower.append(_spread(lower, count))
        self._upper.append(_spread(upper, count))
        self._cost.append(_spread(cost, count))
        self._integer.append(np.full(count, integer))
        self.columns += count
        return np.arange(self.columns - count, self.columns)

    def add_rows(
        self,
        terms: Terms,
        lower: ArrayLike = -INFINITY,
        upper: ArrayLike = INFINITY,
        count: int | None = None,
    ) -> Indices:
        """Rows `lower <= sum of coefficient x column <= upper`; their indices.

        `count` 1 makes one row of terms of any shape.
        """
        rows = count or terms[0][0].shape[-1]
        first, self.rows = self.rows, self.rows + rows
        for columns, coefficients in terms:
            numbers = np.broadcast_to(np.arange(rows) + first, columns.shape)
            if count == 1:
                numbers = np.full(columns.shape, first)
            values = np.broadcast_to(np.asarray(coefficients, float), columns.shape)
            self._terms.append((numbers.ravel(), columns.ravel(), values.ravel()))
        self._rows.append((_spread(lower, rows), _spread(upper, rows)))
        return np.arange(first, self.rows)

    def set_costs(self, cost: Values) -> None:
        """Other costs of all columns."""
        self._cost = [cost]

    @property
    def costs(self) -> Values:
        """Of all columns."""
        return np.concatenate(self._cost)

    @property
    def integers(self) -> NDArray[np.bool_]:
        """Which columns are whole numbers."""
        return np.concatenate(self._integer)

    def solve(self, seconds: float, gap: float, fixed: Values | None = None) -> Solution:
        """The least cost, looked for during at most so many seconds.

        With `fixed` every integer column keeps its (rounded) value there, and the rest is linear:
        that program has duals.
        """
        import highspy

        began = time.perf_counter()
        whole = self.integers
        solver = new_solver()
        options = {"threads": 1, "time_limit": max(seconds, 0.01), "mip_rel_gap": gap}
        for name, value in options.items():
            solver.setOptionValue(name, value)
        solver.passModel(self._model(highspy, None if fixed is None else np.round(fixed)))
        solver.run()
        mixed = bool(whole.any()) and fixed is None
        return _solution(solver, mixed, time.perf_counter() - began)

    def _model(self, highspy: Any, fixed: Values | None) -> Any:
        whole, lower, upper = (
            self.integers,
            np.concatenate(self._lower),
            np.concatenate(self._upper),
        )
        if fixed is not None:
            lower, upper = np.where(whole, fixed, lower), np.where(whole, fixed, upper)
        rows, columns, values = (np.concatenate(each) for each in zip(*self._terms, strict=True))
        order = np.argsort(rows, kind="stable")
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.columns, self.rows
        model.col_cost_, model.col_lower_, model.col_upper_ = self.costs, lower, upper
        model.row_lower_ = np.concatenate([each[0] for each in self._rows])
        model.row_upper_ = np.concatenate([each[1] for each in self._rows])
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self.rows))])
        model.a_matrix_.start_ = starts.astype(np.int32)
        model.a_matrix_.index_ = columns[order].astype(np.int32)
        model.a_matrix_.value_ = values[order]
        if fixed is None and whole.any():
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            model.integrality_ = [kinds[int(each)] for each in whole]
        return model


def new_solver() -> Any:
    """HiGHS, which prints nothing: its own class, without the callbacks of the Python one, whose
    set-up prints a banner.
    """
    from highspy._core import _Highs

    solver = _Highs()
    solver.setOptionValue("output_flag", False)
    return solver


def _solution(solver: Any, mixed: bool, seconds: float) -> Solution:
    import highspy

    info, status = solver.getInfo(), solver.getModelStatus()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    solution = solver.getSolution()
    objective = float(info.objective_function_value)
    bound, gap = objective, 0.0
    if mixed:
        bound, gap = float(info.mip_dual_bound), float(info.mip_gap)
    elif status != highspy.HighsModelStatus.kOptimal:
        bound, gap = -INFINITY, INFINITY
    return Solution(
        status=solver.modelStatusToString(status),
        values=np.array(solution.col_value) if found else None,
        duals=np.array(solution.row_dual) if found and solution.dual_valid else None,
        objective=objective,
        bound=bound,
        gap=gap,
        seconds=seconds,
    )


def _spread(value: ArrayLike, count: int) -> Values:
    return np.broadcast_to(np.asarray(value, float), (count,)).copy()
