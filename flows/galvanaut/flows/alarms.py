"""A lab's alarms: its file `alarms.yaml`, and what is open, for `galvanaut status` and `galvanaut alarms`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from galvanaut.core import yamlfile
from galvanaut.core.errors import InputError
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.notify.hooks import Hook
from galvanaut.flows.notify.message import Message
from galvanaut.flows.notify.notifier import plain
from galvanaut.flows.stationtables import StationTables
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.instruments.guard.alarmbook import open_alarms
from galvanaut.instruments.guard.limits import AlarmLimits


class AlarmFile(BaseModel):
    """The file ``alarms.yaml`` of a lab folder.

    Attributes:
        limits: from when on silence is an alarm.
        hooks: who is told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: AlarmLimits = AlarmLimits()
    hooks: list[Hook] = []


def load_alarm_file(folder: LabFolder) -> AlarmFile:
    """The file of a lab folder, or the defaults where there is none.

    Raises:
        InputError: it has a problem, or a hook cannot be used as things are.
    """
    if not folder.alarms.exists():
        return AlarmFile()
    found = yamlfile.load(folder.alarms, AlarmFile)
    for hook in found.hooks:
        hook.require_ready()
    return found


def open_in(lab: Path) -> list[Alarm]:
    """The alarms of a lab whose cause is not gone, the oldest first.

    Raises:
        InputError: there is no such lab.
    """
    folder = LabFolder(lab)
    with StationTables.of(folder) as tables:
        if not tables.is_begun:
            LabFolder.existing(lab)  # one with a station and no campaign yet will do
        return list(open_alarms(tables.log("journal").read(prefix="/")).values())


def alarms_text(lab: Path) -> str:
    """One line for each open alarm."""
    return "\n".join(_line(alarm) for alarm in open_in(lab)) or "no alarm is open"


def alarms_json(lab: Path) -> list[dict[str, Any]]:
    """The open alarms."""
    return [asdict(alarm) for alarm in open_in(lab)]


def try_hooks(lab: Path) -> list[tuple[str, str]]:
    """Send a test message through every hook, now and here; each hook, and what went wrong with it.

    Raises:
        InputError: there is no such folder, the file has a problem, or a hook cannot be used as things are.
    """
    if not lab.is_dir():
        raise InputError(f"--lab {lab}", "is not there; give the folder of a lab")
    folder = LabFolder(lab)
    hooks = load_alarm_file(folder).hooks
    secrets = [name for hook in hooks for name in hook.secret_names()]
    at = datetime.now(tz=UTC).isoformat(timespec="seconds")
    text = "This is a test of the hooks of a lab; no alarm is open because of it."
    message = Message("test", text, "lab", "test of the hooks", "", at, "none", simulated=False)
    found = []
    for hook in hooks:
        try:
            hook.deliver(message, lab, secrets)
        except Exception as error:  # whatever it is, it is told
            found.append((str(hook), plain(error, secrets)))
        else:
            found.append((str(hook), ""))
    return found


def _line(alarm: Alarm) -> str:
    since = datetime.fromtimestamp(alarm.at, tz=UTC).strftime("%Y-%m-%d %H:%M")
    return f"ALARM since {since} (bench's clock)  {alarm.cause}  {alarm}"
