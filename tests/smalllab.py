"""Small campaigns on the simulated bench for tests of several rooms, and a way to run the command line."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from galvanaut.core.clock import SystemClock
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.labdatabase import note
from galvanaut.flows.cli import main
from galvanaut.flows.folder import LabFolder, Tables
from galvanaut.instruments.journal import Journal
from postgresqlserver import LABS, lab_url

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "instruments" / "benches" / "simulated.yaml"
CAMPAIGN = ROOT / "campaigns" / "conductivity.yaml"


def small_campaign(folder: Path, trials: int = 3, changes: dict[str, str] | None = None) -> Path:
    """A copy of the shipped campaign with few trials and quick settling; ``changes`` replaces pieces of its text."""
    text = CAMPAIGN.read_text(encoding="utf-8")
    text = text.replace("../instruments/benches/simulated.yaml", str(BENCH))
    text = text.replace("trials: 40", f"trials: {trials}").replace("initial: 8", f"initial: {min(2, trials)}")
    text = text.replace("settle: 30 min", "settle: 10 min")
    for old, new in (changes or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "campaign.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def scarce_campaign(folder: Path) -> Path:
    """One trial on a bench whose bottles are nearly empty from the start: an alarm that stays open."""
    bench = BENCH.read_text("utf-8").replace("available: 20 L", "available: 0.1 L")
    (folder / "bench.yaml").write_text(bench, "utf-8")
    return small_campaign(folder, 1, {str(BENCH): "bench.yaml"})


def new_lab(folder: Path) -> Path:
    """Where a lab is to be begun; with ``--database postgresql`` its tables will be on the server."""
    lab = folder / "lab"
    if server := os.environ.get(LABS):
        lab.mkdir(parents=True)
        note(lab, lab_url(server))
    return lab


def begin_ledger(lab: Path) -> None:
    """Make a folder a lab in which no campaign has begun yet."""
    with opened(lab / "ledger.db") as engine:
        EventLog(engine, "ledger")


@contextlib.contextmanager
def tables(lab: Path, what: Tables) -> Iterator[sa.Engine]:
    """The tables of a lab, wherever they are."""
    folder = LabFolder(lab)
    with opened({"ledger": folder.ledger, "station": folder.station, "telemetry": folder.telemetry}[what]) as engine:
        yield engine


def journal_of(lab: Path) -> Journal:
    """All jobs of a lab, read at one moment, while others may write them."""
    with tables(lab, "station") as engine:
        return Journal(EventLog(engine, "journal"), SystemClock())


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def command_line(*arguments: object) -> Done:
    """Run `galvanaut` with these arguments in this process, which is much quicker than in one of its own."""
    out, err = io.StringIO(), io.StringIO()
    argv, columns = sys.argv, os.environ.get("COLUMNS")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    sys.argv, os.environ["COLUMNS"] = ["galvanaut", *(str(argument) for argument in arguments)], "200"
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.argv = argv
        os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return Done(code, out.getvalue(), err.getvalue())


def command_line_process(
    *arguments: object, code: str = "", limit_s: float = 110.0
) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own; ``code`` runs first inside it."""
    start = f"{code}\nfrom galvanaut.flows.cli import main\nmain()"
    command = [sys.executable, "-W", "ignore", "-c", start, *(str(argument) for argument in arguments)]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling every import again takes seconds
    return subprocess.run(command, capture_output=True, text=True, timeout=limit_s, env=environment)
