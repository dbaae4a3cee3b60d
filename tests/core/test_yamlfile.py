"""Files a person writes: each mistake is answered with path, line, what was found and what is expected."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from galvanaut.core.errors import InputError, Problem
from galvanaut.core.units import Unit
from galvanaut.core.yamlfile import load, located


class Step(BaseModel):
    """One step."""

    model_config = ConfigDict(extra="forbid")
    hold: Annotated[float, Unit("s")] = 0.0
    count: int = 1


class Plan(BaseModel):
    """A file."""

    model_config = ConfigDict(extra="forbid")
    name: str
    steps: list[Step] = []
    ratio: float = 1.0

    @field_validator("ratio")
    @classmethod
    def _positive(cls, value: float) -> float:
        if value <= 0:
            raise ValueError("must be positive")
        return value


def plan(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, Plan)


def test_yaml_1_2_reads_numbers_and_words_as_people_mean_them(tmp_path: Path) -> None:
    read = plan(tmp_path, "name: NO\nratio: 1e-3\n")
    assert (read.name, read.ratio) == ("NO", 1e-3)
    assert plan(tmp_path, "name: 12:30:00").name == "12:30:00"


@pytest.mark.parametrize(
    ("text", "line", "where", "message"),
    [
        ("name: a\nsteps:\n  - hold: 3 g\n", 3, "steps.0.hold", "dimension"),
        ("name: a\nsteps:\n  - hold: 3 s\n    hodl: 3 s\n", 4, "steps.0.hodl", "not a known field"),
        ("ratio: 2\n", None, "name", "is missing"),
        ("name: a\nratio: -1\n", 2, "ratio", "must be positive"),
        ("name: a\nratio: .inf\n", 2, "ratio", "must be a finite number, found inf"),
        ("name: a\nsteps:\n- {hold: .nan}\n", 3, "steps.0.hold", "must be a finite number, found nan"),
        ("name: a\nsteps:\n- hold: 1e999 s\n", 3, "steps.0.hold", "'1e999 s' is not a finite number"),
        ("name: a\nsteps:\n- count: many\n", 3, "steps.0.count", "found 'many'"),
        ("name: a\nname: b\n", 2, "", "duplicate key"),
        ("name: [\n", 2, "", "not valid YAML"),
        ("", None, "", "empty or not a mapping"),
        ("- a\n- b\n", None, "", "empty or not a mapping"),
    ],
)
def test_mistakes_are_located(tmp_path: Path, text: str, line: int | None, where: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plan(tmp_path, text)
    problem = caught.value.problems[0]
    assert (problem.line, problem.where) == (line, where)
    assert str(tmp_path / "plan.yaml") in str(caught.value)
    assert caught.value.exit_code == 2


def test_every_problem_of_a_file_is_listed(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        plan(tmp_path, "name: a\nratio: 0\nsteps:\n  - count: x\n    z: 1\n")
    assert [problem.where for problem in caught.value.problems] == ["steps.0.count", "steps.0.z", "ratio"]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "missing.yaml", Plan)
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9\xff\n")
    with pytest.raises(InputError, match="not UTF-8"):
        load(tmp_path / "latin.yaml", Plan)


@pytest.mark.parametrize("text", ["name: " + "[" * 600, "name: " + "{a: " * 600])
def test_files_nested_too_deeply_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"plan\.yaml: is nested too deeply"):
        plan(tmp_path, text)


def test_what_is_found_later_gets_its_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("name: a\nsteps:\n- count: 1\n- count: 2\n", encoding="utf-8")
    found = [
        Problem("steps.1.count", "too few"),
        Problem("ratio", "left out"),
        Problem("", "both"),
        Problem("x", "y", 9),
    ]
    lines = [each.line for each in located(path, InputError(path, found)).problems]
    assert lines == [4, None, None, 9]
    other = InputError("--bench", "is not there")
    assert located(path, other) is other
    path.unlink()
    known = InputError(path, Problem("name", "too short", 1))
    assert located(path, known) is known
