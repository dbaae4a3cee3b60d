"""A small cycle-life campaign whose processes are killed, and what must hold of it when it has ended."""

import json
from collections import Counter

from celllab import cell_campaign
from deaths import Death
from galvanaut.core.eventlog import EventLog
from galvanaut.instruments.loading import loaded_cells
from galvanaut.instruments.telemetry import read_record
from galvanaut.simulators.store import read_rows
from smalllab import journal_of, new_lab, tables

TRIALS = 4
PARALLEL = {"parallel: 10": "parallel: 2"}  # so that the later recipes rest on the earlier results
SHARE = 0.2
"""A death comes within this share of the moments of its phase in a whole campaign, so that some are left for others."""
DELAYS_S = {"sealing": 0.03, "planning": 0.1}
"""So long these take; the others are struck at a message."""


class Campaign:
    """A lab folder and the one command for it."""

    def __init__(self, folder, nursery, *more, environment=None):
        folder.mkdir()
        self._environment = environment
        self.folder, self.lab, self._nursery = folder, new_lab(folder), nursery
        self._argv = ["run", str(cell_campaign(folder, TRIALS, PARALLEL)), "--lab", str(self.lab), *more]

    def run(self, death=None, code=""):
        """Its exit code; ``code`` runs before it."""
        return self._nursery.run(self._argv, self.folder, death, self._environment, code=code)

    def said(self):
        return (self.folder / "said").read_text("utf-8")[-3000:]

    def moments(self):
        """How often each phase came by in the last process that was not killed."""
        return json.loads((self.folder / "seen").read_text("utf-8"))

    def events(self):
        """Of the ledger."""
        with tables(self.lab, "ledger") as engine:
            return EventLog(engine, "ledger").read(topic="cycle-life")

    def jobs(self):
        return journal_of(self.lab).records()

    def acknowledged(self):
        """Samples that were said to be on disk: test, number, instant, voltage."""
        return [json.loads(line) for line in (self.folder / "acknowledged").read_text("utf-8").splitlines()]


def drawn(rng, phase, moments):
    """A death within the next part of a campaign."""
    number = int(rng.integers(1, max(2, SHARE * moments[phase])))
    delay_s = float(rng.uniform(0.0, DELAYS_S.get(phase, 0.0)))
    return Death(phase, number, bool(rng.integers(2)), delay_s)


def check(campaign, whole):
    """What must hold of a campaign that has ended; how much of each was seen."""
    events = campaign.events()
    for kind in ("proposed", "ended"):
        assert sorted(e.data["trial"] for e in events if e.kind == kind) == list(range(1, TRIALS + 1))
    assert {e.data["status"] for e in events if e.kind == "ended"} == {"ok"}, campaign.said()
    assert loaded_cells(campaign.jobs()) == {}
    return Counter(
        campaigns=1,
        trials=TRIALS,
        strokes=check_strokes(campaign),
        samples=check_samples(campaign),
        recipes=check_recipes(events, whole.events()),
    )


def check_strokes(campaign):
    """Each dose of the journal is one stroke of its pump, by the world's own account."""
    asked = Counter(job.request["pump"] for job in campaign.jobs() if job.request["kind"] == "dose")
    rows = read_rows(campaign.lab / "worlds" / "simulated-cycling.db")
    given = {pump: rows[f"run/{pump}"]["number"] for pump in asked}
    assert given == dict(asked)
    return asked.total()


def check_samples(campaign):
    """Every sample that was said to be on disk is in the record of its test."""
    of_test = {}
    for test, number, *what in campaign.acknowledged():
        of_test.setdefault(test, {})[number] = tuple(what)
    for test, samples in of_test.items():
        frame = read_record(campaign.lab, test)
        kept = set(zip(frame["Unix Time / s"], frame["Voltage / V"], strict=True))
        assert len(frame) > max(samples), test
        assert set(samples.values()) <= kept, test
    return sum(map(len, of_test.values()))


def check_recipes(events, undisturbed):
    """Recipes are the same wherever what was known when they were proposed is; how many that were."""
    ours, theirs = proposals(events), proposals(undisturbed)
    same = [number for number, (known, _) in ours.items() if known == theirs[number][0]]
    assert set(same) >= {1, 2}
    assert [ours[number] for number in same] == [theirs[number] for number in same]
    return len(same)


def proposals(events):
    """By trial: what was known when it was proposed, and its recipe."""
    known, found = [], {}
    for event in events:
        if event.kind == "proposed":
            found[event.data["trial"]] = (list(known), event.data["recipe"])
            known.append(("proposed", event.data["trial"], event.data["recipe"]))
        elif event.kind == "ended":
            known.append(("ended", event.data["trial"], event.data["values"]))
    return found
