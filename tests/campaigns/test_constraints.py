import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.campaigns.constraints import CountConstraint, LinearConstraint, parse


@pytest.mark.parametrize(
    ("text", "coefficients", "bound"),
    [
        ("EC + PC >= 0.1", {"EC": -1.0, "PC": -1.0}, -0.1),
        ("PC/0.3 + DMC/0.9 <= 1", {"PC": 1 / 0.3, "DMC": 1 / 0.9}, 1.0),
        ("LiPF6 <= 2", {"LiPF6": 1.0}, 2.0),
        ("EC <= 2*PC", {"EC": 1.0, "PC": -2.0}, 0.0),
        ("2*(EC - PC)/4 + 1e-1 <= .5", {"EC": 0.5, "PC": -0.5}, 0.4),
        ("0.5 >= EC", {"EC": 1.0}, 0.5),
        ("-EC<=-0.1", {"EC": -1.0}, -0.1),
        ("EC + EC - 2*PC <= 1.5e0", {"EC": 2.0, "PC": -2.0}, 1.5),
        ("2MeTHF + EC <= 0.5", {"2MeTHF": 1.0, "EC": 1.0}, 0.5),
    ],
)
def test_what_a_chemist_writes_is_read(text: str, coefficients: dict[str, float], bound: float) -> None:
    constraint = parse(text)
    assert constraint.coefficients == pytest.approx(coefficients)
    assert constraint.bound == pytest.approx(bound)
    assert constraint.text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EC + PC", "0 comparisons"),
        ("0.1 <= EC <= 0.5", "2 comparisons.*split"),
        ("EC = 0.3", "equality, which no dosed batch"),
        ("EC == 0.3", "equality, which no dosed batch"),
        ("EC < 0.3", "write <= or >= instead of <"),
        ("EC/PC <= EMC", "not linear when multiplied out"),
        ("EC/PC <= DMC/EMC", "not linear when multiplied out"),
        ("EC/(PC - DMC) <= 2", "divides by what may be negative"),
        ("EC/(PC/DMC) <= 2", "divides a ratio"),
        ("EC/PC*DMC <= 2", "multiplies components"),
        ("at most 2", "needs a whole number and the word 'of'"),
        ("at most two of VC, FEC", "needs a whole number and the word 'of'"),
        ("at least 1 of VC FEC", "'VC FEC' is no name; separate names by commas"),
        ("at least 1 of VC,", "'' is no name"),
        ("at most 1 of VC, VC", "names a component twice"),
        ("exactly 3 of VC, FEC", "wants 3 of only 2"),
        ("at least 0 of VC, FEC", "says nothing; .*optional: true"),
        ("at most 0 of VC, FEC", "leaves all of them out"),
        ("EC*PC <= 2", "not linear"),
        ("EC/0 <= 2", "divides by zero"),
        ("2 EC <= 1", "unexpected 'EC'; put an operator"),
        ("LiPF6 <= 2 mol/kg", "unexpected 'mol'; .*plain numbers without units"),
        ("VC <= 2 %", "unexpected '%'; .*plain numbers without units"),
        ("EC + <= 1", "ends too early"),
        ("(EC + PC <= 1", "closing parenthesis"),
        ("EC) <= 1", r"unexpected '\)'"),
        ("1 <= 2", "names no component"),
        ("EC <= EC", "cancel out"),
        ("EC ** 2 <= 1", r"unexpected '\*'"),
        ("__import__('os') <= 1", r"unexpected '\('"),
        ("", "0 comparisons"),
        ("EC <= .", r"unexpected '\.'; expected something like"),
        ("EC <= 1e999", "1e999 is too large a number"),
        ("EC/1e999 <= 1", "1e999 is too large a number"),
        ("1e200*EC*1e200 <= 1", "comes to numbers too large"),
        ("EC <= 1e200*1e200", "comes to numbers too large"),
    ],
)
def test_anything_else_is_refused_with_the_word_at_fault(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("EC/PC <= 2", "EC <= 2*PC"),
        ("EC/(PC + DMC) >= 0.5", "EC >= 0.5*PC + 0.5*DMC"),
        ("2*(EC - EMC)/PC - 1 <= 3", "2*EC - 2*EMC <= 4*PC"),
        ("0.5 <= EC/PC", "EC >= 0.5*PC"),
        ("EC/PC + EMC/PC <= 2", "EC + EMC <= 2*PC"),
        ("-EC/PC >= -2", "EC <= 2*PC"),
        ("EC/(PC + 0.1) <= 1", "EC <= PC + 0.1"),
    ],
)
def test_ratios_are_multiplied_out(text: str, same: str) -> None:
    ratio, linear = parse(text), parse(same)
    assert isinstance(ratio, LinearConstraint)
    assert isinstance(linear, LinearConstraint)
    assert ratio.coefficients == pytest.approx(linear.coefficients)
    assert ratio.bound == pytest.approx(linear.bound)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("at most 2 of VC, FEC,PS", 0, 2), ("At least 1 of VC, FEC, PS", 1, 3), ("exactly 1 of VC , FEC, PS", 1, 1)],
)
def test_counts_are_read(text: str, least: int, most: int) -> None:
    assert parse(text) == CountConstraint(("VC", "FEC", "PS"), least, most, text)


def test_text_is_needed() -> None:
    with pytest.raises(ValueError, match="expected something like"):
        parse(0.3)  # type: ignore[arg-type]  # as a YAML file may hold


_NUMBER = st.floats(0.01, 100.0).map(lambda value: round(value, 4))


@given(_NUMBER, _NUMBER, _NUMBER, st.floats(0, 1), st.floats(0, 1), st.sampled_from(["<=", ">="]))
def test_excess_agrees_with_the_inequality_as_written(
    a: float, b: float, c: float, ec: float, pc: float, relation: str
) -> None:
    constraint = parse(f"{a!r}*EC - PC/{b!r} {relation} {c!r}")
    left = a * ec - pc / b
    expected = left - c if relation == "<=" else c - left
    assert constraint.excess({"EC": ec, "PC": pc}) == pytest.approx(expected, abs=1e-9)


def test_row_follows_the_names_asked_for() -> None:
    assert parse("EC - 2*PC <= 1").row(["DMC", "PC", "EC"]) == [0.0, -2.0, 1.0]
