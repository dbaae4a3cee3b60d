"""What can go wrong, by whose hand it is put right.

GalvanautError          exit code 1
├── InputError          exit code 2: something a person wrote cannot be used
├── NotMakeableError    a recipe that the stocks and dispensers at hand cannot make
├── UnsupportedError    a model is asked for something outside the data it rests on
└── InstrumentError     (galvanaut.instruments.errors) an instrument did not do what it was told
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class GalvanautError(Exception):
    """Base of every error that is meant to be read by a person. Its text is the whole message."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one place of an input.

    Attributes:
        where: path inside the file, e.g. ``components.EC.low``; empty for the file as a whole.
        message: what was found and what is expected.
        line: 1-based line in the file, if known.
    """

    where: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        at = f"line {self.line}: " if self.line is not None else ""
        return f"{at}{self.where}: {self.message}" if self.where else f"{at}{self.message}"


class PlacedError(ValueError):
    """What is wrong at another place of a file than the one that was being validated.

    Attributes:
        where: path of keys and indices from the top of the file.
    """

    def __init__(self, where: Sequence[str | int], message: str) -> None:
        super().__init__(message)
        self.where = tuple(where)


class InputError(GalvanautError):
    """A file, an option or an environment that the user has to change; nothing was started.

    Args:
        source: the file or option at fault.
        problems: everything found wrong with it, in the order of the file.
    """

    exit_code = 2

    def __init__(self, source: object, problems: Problem | str | list[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem("", problems)
        self.source = str(source)
        self.problems = [problems] if isinstance(problems, Problem) else problems
        super().__init__("\n".join(f"{self.source}: {problem}" for problem in self.problems))


class NotMakeableError(GalvanautError):
    """A recipe that cannot be made with the stocks and dispensers at hand; the text says why."""


class UnsupportedError(GalvanautError):
    """A model is asked for a point outside the data that it rests on; the text says which bound."""
