"""What is asked of a twin, as it was typed."""

import pytest

from galvanaut.flows.twinview import Asked
from smalllab import command_line


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--charge", "2 banana", "'2 banana'"),
        ("--charge", "0 mA", "is a current above zero, found '0 mA'"),
        ("--discharge", "-2", "'-2' has no unit"),
        ("--discharge", "-2 mA", "is a current above zero, found '-2 mA'"),
        ("--discharge", "C/2", "is a C-rate"),
        ("--temperature", "hot", "'hot' is not a number with a unit"),
    ],
)
def test_what_is_no_such_quantity_is_said_in_one_line(tmp_path, option, text, said):
    done = command_line("twin", "demo/1/cycling/1", f"{option}={text}", "--lab", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {option}: ")
    assert said in done.stderr


def test_quantities_are_taken_in_any_unit():
    assert Asked.read(50, "2 mA", None, "318.15 K") == Asked(50, pytest.approx(2e-3), None, pytest.approx(45.0))
