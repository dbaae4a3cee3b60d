"""`galvanaut new`: a campaign file from a few questions. Nothing is written that `galvanaut check` would refuse."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from galvanaut.campaigns.templates import KINDS, Answers, Kind, template_text
from galvanaut.campaigns.templates.fill import USUAL, Usual
from galvanaut.core.errors import InputError
from galvanaut.core.identifiers import is_name
from galvanaut.flows.check import check_campaign
from galvanaut.flows.folder import place_new, writing

Ask = Callable[[str, str], str]
"""Called with a question and the answer that is taken for an empty one."""
_BENCHES, _PLANS = Path("instruments", "benches"), Path("instruments", "plans")


@dataclass(frozen=True)
class Given:
    """What stands on the command line; None where the question is open.

    Attributes:
        kind: which template.
        name: of the campaign.
        solvents: with commas between.
        temperature_degC: of the conductivity measurement.
        trials: in all.
        seed: of a simulated campaign.
        bench: its file.
    """

    kind: str | None = None
    name: str | None = None
    solvents: str | None = None
    temperature_degC: float | None = None
    trials: int | None = None
    seed: int = 1
    bench: Path | None = None


def new_campaign(file: Path | None, given: Given, ask: Ask) -> str:
    """Write a campaign file that is not there yet.

    Args:
        file: to be written; None for the campaign's name in the working directory.
        given: answers that are known.
        ask: puts the others.

    Returns:
        What was written, and what to do next.

    Raises:
        InputError: an answer that cannot be used, or a file that is there already.
    """
    kind = _kind(given.kind or ask(f"What is to be found ({', '.join(KINDS)})?", KINDS[0]))
    usual = USUAL[kind]
    name = given.name or ask("Name of the campaign?", kind)
    if not is_name(name):
        raise InputError("--name", f"{name!r} cannot be one; use a letter, then letters, digits, _ and -")
    path = Path(f"{name}.yaml") if file is None else file
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(path, "a campaign file ends in .yaml")
    if path.exists():
        raise InputError(path, "is there already and is not written over; choose another name")
    solvents = given.solvents or ask("Solvents to search among?", ",".join(usual.solvents))
    degC = given.temperature_degC
    if degC is None:
        degC = _number(ask("Temperature of the measurement, degC?", f"{usual.temperature_degC:g}"), "--temperature")
    trials = given.trials or int(_number(ask("Trials in all?", str(usual.trials)), "--trials"))
    bench = given.bench or _shipped(path, _BENCHES / usual.bench, "--bench")
    answers = Answers(
        kind,
        name,
        _solvents(solvents, usual),
        degC,
        trials,
        given.seed,
        _relative(bench, path),
        _relative(_shipped(path, _PLANS, "the test plans"), path) if usual.cycling else "",
    )
    _write(path, template_text(answers))
    return f"{path}: written and checked\nnext: galvanaut check {path}"


def _write(path: Path, text: str) -> None:
    """Checked beside its place, because paths inside are relative to it, and there only if it passes."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.stem}.{os.getpid()}.draft.yaml")
        draft.write_text(text, encoding="utf-8")
        try:
            _check(draft, path)
            place_new(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def _check(draft: Path, path: Path) -> None:
    try:
        check_campaign(draft, None)
    except InputError as error:
        told = str(error).replace(str(draft), str(path))
        raise InputError(path, f"is not written, for such a campaign cannot run: {told}") from None


def _kind(text: str) -> Kind:
    if text not in KINDS:
        raise InputError("--template", f"is one of {', '.join(KINDS)}, found {text!r}")
    return text


def _solvents(text: str, usual: Usual) -> tuple[str, ...]:
    chosen = [name.strip() for name in text.split(",") if name.strip()]
    foreign = [name for name in chosen if name not in usual.solvents]
    if foreign or len(set(chosen)) < max(len(chosen), 2):
        known = ", ".join(usual.solvents)
        raise InputError("--solvents", f"at least two of {known}, each once, with commas between; found {text!r}")
    return tuple(name for name in usual.solvents if name in chosen)


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(where, f"is a number, found {text!r}") from None


def _shipped(path: Path, place: Path, what: str) -> Path:
    """A file or folder of the checkout, seen from the campaign file or from where the command runs."""
    above: Sequence[Path] = [*path.resolve().parents, Path.cwd(), *Path.cwd().parents]
    found = next((folder / place for folder in above if (folder / place).exists()), None)
    if found is None:
        raise InputError(what, f"{place} is not found from here; run this in a checkout, or name a bench with --bench")
    return found


def _relative(target: Path, path: Path) -> str:
    return Path(os.path.relpath(target.resolve(), path.resolve().parent)).as_posix()
