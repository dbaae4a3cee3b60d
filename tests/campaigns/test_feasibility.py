from galvanaut.campaigns.constraints import parse
from galvanaut.campaigns.feasibility import conflict, is_feasible

BOUNDS = {"EC": (0.1, 0.5), "DMC": (0.0, 0.9), "PC": (0.0, 0.3), "LiPF6": (0.5, 2.0)}
SOLVENTS = ["EC", "DMC", "PC"]


def test_bounds_alone_and_with_constraints_that_hold() -> None:
    assert is_feasible(BOUNDS, SOLVENTS, [])
    assert is_feasible(BOUNDS, SOLVENTS, [parse("EC + PC >= 0.1"), parse("LiPF6 <= 1")])


def test_solvents_must_sum_to_one_and_salts_need_not() -> None:
    assert not is_feasible({"EC": (0.0, 0.4), "DMC": (0.0, 0.5), "LiPF6": (0.0, 2.0)}, ["EC", "DMC"], [])


def test_the_conflict_leaves_out_what_is_innocent() -> None:
    fine, low, high = parse("PC <= 0.2"), parse("EC + PC >= 0.6"), parse("DMC >= 0.5")
    assert conflict(BOUNDS, SOLVENTS, [fine, low, high]) == [low, high]


def test_one_constraint_may_conflict_with_the_bounds() -> None:
    assert conflict(BOUNDS, SOLVENTS, [parse("PC <= 0.2"), bad := parse("LiPF6 >= 3")]) == [bad]


def test_no_conflict() -> None:
    assert conflict(BOUNDS, SOLVENTS, [parse("PC <= 0.2")]) == []
