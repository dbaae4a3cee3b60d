"""The page of the command line, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from galvanaut.flows.cli.app import app

HEAD = """# The command line
Written from the code by `scripts/build_reference.py`; `--help` after a command says the same. From a clone each begins
with `uv run`.

Exit codes of all commands: **0** done, **1** failed (the bench could not go on, a check said no, or the run was
interrupted), **2** bad input (a file, an option or a name cannot be used; the message says which, and what to write
instead).
"""


def commands_page() -> str:
    """The whole page as Markdown."""
    found = list(_commands(typer.main.get_command(app), "galvanaut"))
    overview = "\n".join(f"| [`{name}`](#{_anchor(name)}) | {_cell(_first(each))} |" for name, each in found)
    parts = [f"{HEAD}\n| command | what it does |\n|---|---|\n{overview}\n", *(_part(*each) for each in found)]
    return "\n".join(parts)


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, in the order of `--help`."""
    for key, each in getattr(command, "commands", {}).items():
        if not each.hidden:
            if not hasattr(each, "commands"):
                yield f"{name} {key}", each
            yield from _commands(each, f"{name} {key}")


def _first(command: Any) -> str:
    """The first paragraph of its help in one line."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def _part(name: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if not parameter.hidden]
    arguments = [each for each in shown if each.param_type_name == "argument"]
    options = [each for each in shown if each.param_type_name == "option"]
    usage = " ".join([name, *(_in_usage(each) for each in arguments), *(["[OPTIONS]"] if options else [])])
    lines = [f"## {name}", f"`{usage}`", "", _safe((command.help or "").strip()), ""]
    if arguments:
        rows = [f"| `{_barred(_name(each))}` | {_needed(each)} | {_cell(each.help)} |" for each in arguments]
        lines += ["| argument | | |", "|---|---|---|", *rows, ""]
    if options:
        rows = [f"| {_spelt(each)} | {_needed(each)} | {_cell(each.help)}{_range(each)} |" for each in options]
        lines += ["| option | default | |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _name(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper()).strip("[]")


def _in_usage(argument: Any) -> str:
    text = _name(argument)
    if argument.nargs != 1:
        text = f"{text.removesuffix('...')}..."
    return text if argument.required else f"[{text}]"


def _spelt(option: Any) -> str:
    """Its spellings, and what is given after it."""
    names = ", ".join(f"`{each}`" for each in [*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    with typer.main.get_command(app).make_context("galvanaut", [], resilient_parsing=True) as context:
        given = option.metavar or option.display_type(context).replace(" range", "")
    return _barred(f"{names} `{given}`")


def _needed(parameter: Any) -> str:
    """Its default in words."""
    if parameter.required:
        return "required"
    default = parameter.default
    if getattr(parameter, "is_flag", False) and parameter.secondary_opts:
        return f"`{(parameter.opts if default else parameter.secondary_opts)[0]}`"
    if default is None or default is False or default in ("", [], ()):
        return ""
    return f"`{default.as_posix() if isinstance(default, Path) else default}`"


def _range(option: Any) -> str:
    ends = [f"at least {option.min:g}" if option.min is not None else ""]
    ends.append(f"at most {option.max:g}" if option.max is not None else "")
    words = ", ".join(end for end in ends if end)
    return f" ({words})" if words else ""


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _cell(text: str | None) -> str:
    """Text for a cell of a table."""
    return _barred(_safe(" ".join((text or "").split())))


def _barred(text: str) -> str:
    """Bars that do not end a cell of a table."""
    return text.replace("|", r"\|")


def _safe(text: str) -> str:
    """Options in running text as code, so that no typography changes their hyphens."""
    return re.sub(r"(?<![`\w-])(--[a-z][a-z-]*)(?![`\w])", r"`\1`", text) if "`--" not in text else text
