"""`galvanaut bench fault`: break or mend something on a simulated bench that is being served."""

from __future__ import annotations

import re

import typer

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.instruments.errors import InstrumentError
from galvanaut.instruments.link import Framing, Link

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_NO_ERROR = '0,"No error"'
_FRAMING = Framing(
    write_end=b"\n",
    read_end=b"\n",
    probe="*IDN?",
    is_identity=lambda reply: reply.startswith("Galvanaut,Simulated bench"),
)


def fault_command(resource: str, text: str | None, *, listing: bool, clear: bool, instrument: str | None) -> None:
    """Do one of the three things, and show what is in force then.

    Raises:
        InputError: none or several of them are asked for, or the bench cannot do it.
        InstrumentError: nobody answers at the resource, or somebody else.
    """
    if sum((text is not None, clear, listing)) != 1:
        raise InputError("bench fault", "expected one of: a fault, --list, --clear")
    if instrument is not None and not clear:
        raise InputError("--instrument", "goes with --clear only; a fault names its instrument itself")
    if text is not None and '"' in text:
        raise InputError(text, "a fault has no quotes inside")
    command = ""
    if text is not None:
        command = f':FAULT "{text}"'
    elif clear:
        command = f":FAULT:CLEAR {instrument or ''}".strip()
    for line in ask(resource, command):
        typer.echo(line)


def ask(resource: str, command: str) -> list[str]:
    """Send one command, if any, to the control port of a served bench; the faults that are there afterwards."""
    import pyvisa

    manager = pyvisa.ResourceManager("@py")
    try:
        link = Link.open(manager, resource, _FRAMING, "control")
        try:
            return _conversation(link, command)
        finally:
            link.close()
    finally:
        manager.close()


def _conversation(link: Link, command: str) -> list[str]:
    identity = link.query("*IDN?")
    if not _FRAMING.is_identity(identity):
        advice = "name the control port that `galvanaut bench serve` printed"
        raise link.error(InstrumentError, "is no simulated bench", "*IDN?", identity, advice)
    if command:
        error = link.query(f"{command};:SYST:ERR?")
        if error != _NO_ERROR:
            raise InputError(command, _unquoted(error))
    return [text for text in _QUOTED.findall(link.query(":FAULT:LIST?")) if text] or ["no faults"]


def _unquoted(error: str) -> str:
    found = _QUOTED.search(error)
    if found is None:
        raise GalvanautError(f"the bench reported an error that cannot be read: {error!r}")
    return found[1].replace('""', '"')
