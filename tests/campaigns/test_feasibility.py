import pytest

from galvanaut.campaigns.constraints import Constraint, optional_names, parse
from galvanaut.campaigns.feasibility import Amounts, BoundLine, Line, SharesLine

BOUNDS = {"EC": (0.1, 0.5), "DMC": (0.0, 0.9), "PC": (0.0, 0.3), "LiPF6": (0.5, 2.0)}
SOLVENTS = ("EC", "DMC", "PC")


def lines(*constraints: Constraint, **bounds: tuple[float, float]) -> list[Line]:
    found: list[Line] = []
    for name, (low, high) in {**BOUNDS, **bounds}.items():
        found += [BoundLine(name, "low", low, (name, "low")), BoundLine(name, "high", high, (name, "high"))]
    return [*found, *constraints, SharesLine()]


def amounts(*constraints: Constraint) -> Amounts:
    return Amounts(tuple(BOUNDS), SOLVENTS, (1.0, 1.0, 1.0, 20.0), optional_names((), constraints))


def conflict(*constraints: Constraint, **bounds: tuple[float, float]) -> list[str]:
    """In words; the shares that sum to 1 are ``sum``."""
    found = amounts(*constraints).conflict(lines(*constraints, **bounds))
    return ["sum" if isinstance(line, SharesLine) else line.text for line in found]


def test_bounds_alone_and_with_constraints_that_hold() -> None:
    assert conflict() == []
    assert conflict(parse("EC + PC >= 0.1"), parse("LiPF6 <= 1"), parse("at most 1 of EC, PC")) == []


def test_solvents_must_sum_to_one_and_salts_need_not() -> None:
    assert conflict(EC=(0, 0.4), DMC=(0, 0.4), PC=(0, 0.1)) == [
        "EC.high (0.4)",
        "DMC.high (0.4)",
        "PC.high (0.1)",
        "sum",
    ]


def test_the_conflict_leaves_out_what_is_innocent() -> None:
    clash = conflict(parse("PC <= 0.2"), parse("EC + PC >= 0.6"), parse("DMC >= 0.5"))
    assert clash == ["EC + PC >= 0.6", "DMC >= 0.5", "sum"]


def test_constraints_may_conflict_with_bounds() -> None:
    assert conflict(parse("PC <= 0.2"), parse("LiPF6 >= 3")) == ["LiPF6.high (2)", "LiPF6 >= 3"]


def test_counts_take_part() -> None:
    few, many = parse("at most 1 of EC, DMC, PC"), parse("at least 2 of EC, PC")
    assert conflict(few, many) == ["at most 1 of EC, DMC, PC", "at least 2 of EC, PC"]
    assert conflict(parse("exactly 1 of EC, DMC")) == []  # 90 % DMC with 10 % PC


def test_present_means_more_than_nothing() -> None:
    assert conflict(parse("at least 1 of PC"), parse("PC <= 0")) == ["at least 1 of PC", "PC <= 0"]


@pytest.mark.parametrize("spare", range(4))
def test_none_of_the_named_lines_can_be_spared(spare: int) -> None:
    constraints = [parse("EC/DMC >= 0.9"), parse("DMC >= 0.5"), parse("PC >= 0.1"), parse("LiPF6 <= 1")]
    searched = amounts(*constraints)
    clash = searched.conflict(lines(*constraints))
    assert [line.text for line in clash] == ["EC/DMC >= 0.9", "DMC >= 0.5", "PC >= 0.1", SharesLine().text]
    assert searched.conflict([line for line in clash if line is not clash[spare]]) == []


def test_the_lines_that_leave_one_recipe_are_named() -> None:
    fixed = lines(parse("EC >= 0.5"), PC=(0.0, 0.0), LiPF6=(1.0, 1.0))
    pinned = [line.text for line in amounts().pinned(fixed)]
    assert pinned == ["EC.high (0.5)", "PC.high (0)", "LiPF6.low (1)", "LiPF6.high (1)", "EC >= 0.5", SharesLine().text]
