"""The small convergence plot is valid SVG whatever a campaign holds."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.flows.svg import convergence_svg

values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=60)


@given(values)
def test_every_value_is_a_dot_and_every_failure_a_cross(measured):
    best, course = None, []
    for value in measured:
        best = value if best is None else max(best, value if value is not None else best)
        course.append(best)
    svg = ElementTree.fromstring(convergence_svg(measured, course, "k / mS/cm"))
    names = [element.tag.split("}")[1] for element in svg]
    assert names.count("circle") == sum(value is not None for value in measured)
    assert sum(element.text == "×" for element in svg) == measured.count(None)
    assert names.count("path") == (1 if any(value is not None for value in measured) else 0)


@pytest.mark.parametrize("measured", [[], [1.0], [2.0, 2.0], [None]])
def test_dots_stay_inside_the_frame(measured):
    svg = ElementTree.fromstring(convergence_svg(measured, measured, "k"))
    for circle in svg.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.get("cx")) < 640
        assert 0 < float(circle.get("cy")) < 300


def test_what_was_not_measured_is_hollow_and_told():
    values, known = [1.0, 2.0, None, 3.0], ["measured", "forecast", "measured", "lower bound"]
    svg = convergence_svg(values, [1.0, 1.0, 1.0, 1.0], "k", known)
    assert svg.count("<circle") == 3
    assert svg.count('fill="none" stroke="#9aa5b1"') == 2
    assert "hollow: forecast, lower bound" in svg
    assert "hollow" not in convergence_svg(values, values, "k")
