"""Whether bounds and constraints leave any recipe at all, and if not, which constraints stand against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from galvanaut.campaigns.constraints import LinearConstraint


def is_feasible(
    bounds: Mapping[str, tuple[float, float]], solvents: Sequence[str], constraints: Sequence[LinearConstraint]
) -> bool:
    """Whether some point lies within all bounds and constraints with solvent shares that sum to 1.

    Args:
        bounds: low and high by variable; constraints may name these only.
        solvents: the variables that sum to 1.
        constraints: all to hold together.
    """
    from scipy.optimize import linprog

    names = list(bounds)
    result = linprog(
        [0.0] * len(names),
        A_ub=[constraint.row(names) for constraint in constraints] or None,
        b_ub=[constraint.bound for constraint in constraints] or None,
        A_eq=[[1.0 if name in solvents else 0.0 for name in names]],
        b_eq=[1.0],
        bounds=list(bounds.values()),
        method="highs",
    )
    if result.status not in (0, 2):
        raise RuntimeError(f"linear programme failed: {result.message}")
    return bool(result.status == 0)


def conflict(
    bounds: Mapping[str, tuple[float, float]], solvents: Sequence[str], constraints: Sequence[LinearConstraint]
) -> list[LinearConstraint]:
    """A smallest set of constraints that no recipe within the bounds fulfils together; empty if all can hold.

    The bounds alone must leave a recipe. None of the set can be spared (deletion filter: Chinneck and Dravnieks, ORSA
    Journal on Computing 3 (1991) 157); another set of the same kind may exist.
    """
    if is_feasible(bounds, solvents, constraints):
        return []
    kept = list(constraints)
    for candidate in constraints:
        without = [constraint for constraint in kept if constraint is not candidate]
        if not is_feasible(bounds, solvents, without):
            kept = without
    return kept
