"""YAML files a person writes (YAML 1.2 through ruamel) into pydantic models, with errors that name path and line.

YAML 1.2 matters: under 1.1 ``NO`` is false, ``1e-3`` is text and ``12:30:00`` is a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from galvanaut.core.errors import InputError, PlacedError, Problem

Model = TypeVar("Model", bound=BaseModel)


def load(path: Path, model: type[Model]) -> Model:
    """Read and validate a file.

    Raises:
        InputError: the file cannot be read, is not YAML, or does not fit the model; every problem is listed with
            its path in the file, its line, what was found and what is expected.
    """
    try:
        tree = _parse(path)
        plain = _plain(tree)
    except RecursionError:
        raise InputError(path, "is nested too deeply") from None
    # No file of a lab can mean one of these, and most comparisons with them silently say no.
    if odd := list(_not_finite(plain, [])):
        raise InputError(
            path, [_problem_at(tree, where, f"must be a finite number, found {found}") for where, found in odd]
        )
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        problems = [_problem(tree, details) for details in error.errors(include_url=False)]
        raise InputError(path, problems) from None


def located(path: Path, error: InputError) -> InputError:
    """The same error with the lines of its problems, for what was found when a file was looked at with others.

    Args:
        path: the file, which could be read before.
        error: returned as it is if it is about something else.
    """
    if error.source != str(path) or all(each.line is not None for each in error.problems):
        return error
    tree = _parse(path)
    return InputError(path, [_located(tree, each) for each in error.problems])


def _located(tree: Any, problem: Problem) -> Problem:
    if problem.line is not None or not problem.where:
        return problem
    where = [int(part) if part.isdecimal() else part for part in problem.where.split(".")]
    return replace(problem, line=_line(tree, where))


def _parse(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(path, "is not UTF-8 text") from None
    except ValueError as error:  # a NUL in its name
        raise InputError(repr(str(path)), f"cannot be read ({error})") from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        raise InputError(path, Problem("", f"is not valid YAML: {error.problem}", line)) from None
    except YAMLError as error:
        raise InputError(path, f"is not valid YAML: {error}") from None
    if not isinstance(tree, dict):
        raise InputError(path, "is empty or not a mapping of fields")
    return tree


def _plain(node: Any) -> Any:
    """The tree in built-in types, so that nothing downstream meets ruamel's own."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return str(node)


def _not_finite(node: Any, where: list[Any]) -> Iterator[tuple[list[Any], float]]:
    """Numbers such as ``.inf``, ``.nan`` and ``1e999``, each with its place."""
    if isinstance(node, float) and not math.isfinite(node):
        yield where, node
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield from _not_finite(value, [*where, key])


def _problem(tree: Any, details: Any) -> Problem:
    location = [part for part in details["loc"] if isinstance(part, int) or not part.startswith(("function-", "["))]
    error = details.get("ctx", {}).get("error")
    if isinstance(error, PlacedError):
        location = list(error.where)
    return _problem_at(tree, location, _in_words(details))


def _problem_at(tree: Any, location: list[Any], message: str) -> Problem:
    return Problem(".".join(str(part) for part in location), message, _line(tree, location))


def _in_words(details: Any) -> str:
    kind, found = details["type"], details["input"]
    if kind == "extra_forbidden":
        return "is not a known field here"
    if kind == "missing":
        return "is missing"
    message = str(details["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind == "value_error":
        return message
    shown = f"{found!r}" if isinstance(found, (str, int, float, bool)) or found is None else "something else"
    return f"{message[0].lower()}{message[1:]}, found {shown}"


def _line(tree: Any, location: list[Any]) -> int | None:
    """1-based line of the deepest part of ``location`` that the file has."""
    line: int | None = None
    for part in location:
        position: Any = getattr(tree, "lc", None)
        try:
            # A node without positions raises AttributeError, which ends the search like any other dead end.
            line = (position.key(part) if isinstance(tree, dict) else position.item(part))[0] + 1
            tree = tree[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            return line
    return line
