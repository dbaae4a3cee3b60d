"""Run in a child process: charges two cells and pumps through the drivers, in a simulated world kept on disk."""

import sys
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))

from cellsbench import DESCRIPTION, charging
from galvanaut.core.eventlog import EventLog
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.labbench import connected_bench
from galvanaut.flows.signals import interruptible
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station
from smalllab import tables


def start(lab: Path, ending: str) -> None:
    """Begin everything, say so, and then end in a certain way."""
    bench = Bench.model_validate(DESCRIPTION)
    with interruptible(), connected_bench(bench, LabFolder(lab), seed=1, arm=False) as (connected, _):
        for name in ("smu", "analyzer"):
            charging(SimpleNamespace(connected=connected), name)
        pump = connected.pump("pump")
        pump.prepare(20.0)
        pump.start()
        print("all is on", flush=True)
        if ending == "error":
            raise RuntimeError("a fault of the program")
        if ending != "return":
            time.sleep(60)


def follow(lab: Path) -> None:
    """What the next program does at its start; tells what it finds."""
    bench = Bench.model_validate(DESCRIPTION)
    folder = LabFolder(lab)
    with connected_bench(bench, folder, seed=1, arm=False) as (connected, clock), tables(lab, "station") as engine:
        journal = Journal(EventLog(engine, "journal"), clock)
        for finding in Station(connected, journal, clock).reconcile():
            print(finding, flush=True)


if __name__ == "__main__":
    if sys.argv[2] == "follow":
        follow(Path(sys.argv[1]))
    else:
        start(Path(sys.argv[1]), sys.argv[2])
