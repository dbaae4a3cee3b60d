"""What `galvanaut run` says at its end."""

import io
from types import SimpleNamespace

from rich.console import Console

from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.run import _say_effort
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.traffic import Traffic

DAY_S = 86400.0


def test_tests_of_other_campaigns_in_the_lab_are_not_counted(tmp_path):
    with opened(tmp_path / "station.db") as engine:
        journal = Journal(EventLog(engine, "journal"), VirtualClock(0.0))
        for campaign, days, readings in (("earlier", 30, 9000), ("this", 2, 70), ("this-too", 5, 400)):
            for replicate in (1, 2):
                key = JobKey(campaign, 1, "cycling", replicate)
                journal.intend(key, {"kind": "cycle"})
                journal.done(key, {"time_s": days * DAY_S, "readings": readings})
        lab = SimpleNamespace(
            plan=SimpleNamespace(cells=object()),
            campaign=SimpleNamespace(name="this"),
            ledger=SimpleNamespace(joined={"another-bench": {}}),
            station=SimpleNamespace(journal=journal, traffic=Traffic()),
        )
        said = io.StringIO()
        _say_effort(lab, Console(file=said, width=200))
    assert said.getvalue().startswith("2 tests, 4 channel-days, 140 readings kept; ")
