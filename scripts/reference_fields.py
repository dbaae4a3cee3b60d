"""The page of a file's fields, from the pydantic model that reads the file."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from galvanaut.core.units import Unit, text

_BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", dict: "mapping", list: "list"}


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        title: its title.
        lead: what stands below it.
        model: that reads the file.
    """

    title: str
    lead: str
    model: type[BaseModel]


@dataclass(frozen=True)
class _Row:
    """One field: where it is in the file, how it is written, its default and its meaning."""

    path: str
    written: str
    default: str
    meaning: str


def fields_page(page: Page) -> str:
    """The whole page as Markdown: a table for the file, and one for each part that has fields of its own."""
    lines = [f"# {page.title}", "Written from the code by `scripts/build_reference.py`.", "", page.lead, ""]
    lines += ["`NAME` in a path stands for a name of your choice, `N` for a place in a list, counted from 0.", ""]
    for heading, rows in _groups(page.model):
        lines += [f"## {heading}", "| field | written as | default | meaning |", "|---|---|---|---|"]
        lines += [f"| `{row.path}` | {row.written} | {row.default} | {_cell(row.meaning)} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def _groups(model: type[BaseModel]) -> Iterator[tuple[str, list[_Row]]]:
    """The top of the file, then each of its parts."""
    rows = list(_rows(model, "", ""))
    yield "The whole file", [row for row in rows if _top(row.path) == row.path]
    for field in model.model_fields:
        name = str(model.model_fields[field].alias or field)
        inside = [row for row in rows if _top(row.path) == name and row.path != name]
        if inside:
            yield name, inside


def _top(path: str) -> str:
    return path.split(".", 1)[0]


def _rows(model: type[BaseModel], prefix: str, kind: str) -> Iterator[_Row]:
    described = _described(model)
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        meaning = field.description or described.get(name, "which kind of entry this is" if name == "kind" else "")
        yield _Row(path, _written(field), _default(field), f"{kind}{meaning[:1].upper()}{meaning[1:]}")
        for below, part in _parts(field.annotation):
            only = f"*{_kind(part)}:* " if _kind(part) else ""
            yield from _rows(part, f"{path}{below}.", only)


def _kind(model: type[BaseModel]) -> str:
    """Which of several kinds it is, if its field ``kind`` says so."""
    field = model.model_fields.get("kind")
    is_kind = field is not None and get_origin(field.annotation) is typing.Literal
    return str(get_args(field.annotation)[0]) if field is not None and is_kind else ""


def _parts(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """Models inside of a type, each with what stands for its place there."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
        return
    place = {dict: ".NAME", list: ".N"}.get(get_origin(annotation), "")
    for inner in get_args(annotation):
        for below, part in _parts(inner):
            yield place + below, part


def _written(field: FieldInfo) -> str:
    """How a value is written, with its unit and its bounds."""
    kind = _type(field.annotation, field.metadata)
    bounds = [
        f"{words} {limit:g}"
        for each in [*field.metadata, *_metadata(field.annotation)]
        for name, words in _BOUNDS.items()
        if isinstance(limit := getattr(each, name, None), (int, float))
    ]
    return ", ".join([kind, *bounds])


def _metadata(annotation: Any) -> list[Any]:
    return [item for each in get_args(annotation) for item in getattr(each, "metadata", ())]


def _type(annotation: Any, metadata: typing.Sequence[Any]) -> str:
    unit = next((each.unit for each in metadata if isinstance(each, Unit)), None)
    if unit is not None:
        return f"quantity in {unit}" if unit else "fraction or %"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return _type(inner[0], annotation.__metadata__)
    if origin is typing.Literal:
        return " or ".join(f"`{each}`" for each in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(each, ()) for each in inner if each is not type(None)))
    if origin is dict:
        return f"by name: {_type(inner[1], ())}" if inner[1] is not Any else "mapping"
    if origin in (list, tuple):
        return f"list of {_type(inner[0], ())}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "fields below"
    named = {"Path": "path", "date": "date in quotes"}.get(getattr(annotation, "__name__", ""), "text")
    return _PLAIN.get(annotation, named)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    value = extra.get("default", field.get_default(call_default_factory=True))
    unit = next((each.unit for each in field.metadata if isinstance(each, Unit)), None)
    if isinstance(value, BaseModel):
        return "see its fields"
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{_round(value, unit or '')}`"
    return f"`{value}`"


def _round(value: float, unit: str) -> str:
    """Long times in days or hours, all else in its unit."""
    for length_s, longer in ((86400.0, "d"), (3600.0, "h")):
        if unit == "s" and value > length_s and value % length_s == 0:
            return f"{value / length_s:g} {longer}"
    return text(value, unit)


def _described(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and its bases say about its fields."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            section = inspect.cleandoc(base.__doc__ or "").partition("Attributes:\n")[2]
            for names, meaning in re.findall(r"^    (\w[\w, ]*): (.*(?:\n {8,}.*)*)", section, re.MULTILINE):
                said = re.sub(
                    r", (?:s|V|A|degC|Ah)(?=\.|$)", "", " ".join(meaning.split())
                )  # the unit has its own column
                found |= {name.strip(): said for name in names.split(",")}
    return found


def _cell(meaning: str) -> str:
    return re.sub(r"``([^`]*)``", r"`\1`", meaning).replace("|", r"\|")
