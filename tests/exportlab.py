"""A lab whose cycler leaves its exports in a folder, for tests of what waits for them."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from galvanaut.core.clock import VirtualClock, at_work
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.jobs import AwaitRecord
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station

DATA = Path(__file__).parent / "data" / "cycling"
GOOD = DATA / "beep_FastCharge_000025_CH8.csv"  # does not say which cell it is of; began at 1494645233
OTHER = DATA / "rovi_arbin_example.csv"  # likewise; began at 1499006353
NAMED = DATA / "cellpy_bad_custom_good_small.csv"  # says that it is of cell ee002
CUT = DATA / "cellpy_bad_custom_truncated.csv"
START = 1494640000.0
KEY = JobKey("demo", 1, "cycle-cell_1")


@dataclass
class Lab:
    """One life of the host after another, with a folder into which files come at their times."""

    folder: Path
    settings: dict = field(default_factory=dict)
    drops: list = field(default_factory=list)
    now: float = START

    def __post_init__(self):
        (self.folder / "exports").mkdir(parents=True)

    def drop(self, after_s, source, name=None, lines=None):
        """Put a file there so long after the beginning, or its first ``lines`` lines."""

        def put():
            text = source.read_text(encoding="utf-8")
            self.export(name or source.name).parent.mkdir(exist_ok=True)
            self.export(name or source.name).write_text("\n".join(text.splitlines()[:lines]), encoding="utf-8")

        self.drops.append((START + after_s, put))

    def export(self, name):
        return self.folder / "exports" / name

    def station(self):
        self.clock = VirtualClock(self.now)
        self.clock.watch(self.pass_time)
        entry = {"folder": str(self.folder / "exports"), "period": "60 s", "deadline": "10 h", **self.settings}
        description = {"name": "demo", "visa": "simulated", "instruments": {}, "file_cyclers": {"neware": entry}}
        bench = SimpleNamespace(bench=Bench.model_validate(description), is_simulated=True)
        journal = Journal(EventLog(open_engine(self.folder / "station.db"), "journal"), self.clock)
        return Station(bench, journal, self.clock)

    def pass_time(self, now):
        self.now = now
        for drop in [each for each in self.drops if each[0] <= now]:
            self.drops.remove(drop)
            drop[1]()

    def action(self, cell="cell_1", test="cell_1-cycling", **more):
        return AwaitRecord("neware", cell, test, self.folder / "records" / "demo", **more)

    async def run(self, key=KEY, **more):
        self.host = self.station()
        with at_work(self.clock):
            return await self.host.run(key, self.action(**more))

    def alarms(self):
        return [event.data["text"] for event in self.host.journal.remarks("alarm")]
