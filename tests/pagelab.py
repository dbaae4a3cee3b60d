"""A lab with two finished campaigns for the tests of the lab page, and clients that ask the page."""

import asyncio
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

from celllab import cell_campaign
from galvanaut.core.eventlog import opened
from galvanaut.flows.page.app import lab_page
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry.store import HotStore
from handedover import run
from smalllab import small_campaign

CELLS, LIQUIDS = "cycle-life", "conductivity"
TEST = f"{CELLS}/0001/cycling/1"
HOME = "http://127.0.0.1:4201"


def page_lab(folder: Path) -> Path:
    """One trial with two cells, and seven of liquids only, of which the planner has chosen three."""
    for name in ("cells", "liquids"):
        (folder / name).mkdir()
    run(cell_campaign(folder / "cells", trials=1), folder / "lab")
    planner = {"planner: {name: bayes, initial: 2}": "planner: {name: bayes, initial: 4}"}
    return run(small_campaign(folder / "liquids", 7, planner), folder / "lab")


class Asking:
    """What a browser is to the page: asks it without a network, and keeps its cookies.

    Args:
        lab: folder.
        token: that the page wants.
        port: at which it believes to listen.
        home: address by which it is known.
    """

    def __init__(self, lab: Path, token: str = "", port: int = 0, home: str = HOME) -> None:
        transport = httpx.ASGITransport(lab_page(lab, token, port), raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url=home, follow_redirects=False)

    def request(self, method: str, path: str, **more) -> httpx.Response:
        """The answer to one question."""
        return asyncio.run(self._client.request(method, path, **more))

    def get(self, path: str, **more) -> httpx.Response:
        """As a browser asks."""
        return self.request("GET", path, **more)


@contextmanager
def client(lab: Path, token: str = "", port: int = 0, home: str = HOME):
    """As `Asking`."""
    yield Asking(lab, token, port, home)


class Channels:
    """Readings of many channels at once, written as a station writes them; no bench is behind them.

    Args:
        lab: folder.
        count: of channels.
    """

    def __init__(self, lab: Path, count: int) -> None:
        self.lab, self.count, self.number = lab, count, 0
        lab.mkdir(exist_ok=True)
        self._began = time.time()

    def add(self, store: HotStore, changed: int | None = None) -> None:
        """One more reading of the first ``changed`` channels, or of all."""
        if self.number == 0:
            for place in range(self.count):
                facts = {"cell": f"cell-{place:03d}", "holder": f"holder_{place:03d}", "simulated": True}
                store.begin(self.test(place), {**facts, "campaign": "many"})
        at, rows = time.time(), {}
        for place in range(self.count if changed is None else changed):
            volts = 3.2 + 0.9 * ((place * 7 + self.number) % 100) / 100
            values = (self.number, at - self._began, at, volts, 2e-3 * (-1) ** place, 25.0, 1, 1, 1 + self.number, 0.0)
            rows[self.test(place)] = [Row(*values)]
        store.append_many(rows)
        self.number += 1

    @staticmethod
    def test(place: int) -> str:
        """Name of the test on a channel."""
        return f"many/{place + 1:04d}/cycling/1"

    @contextmanager
    def store(self):
        """Where they are written."""
        with opened(self.lab / "telemetry.db", durable=False) as engine:
            yield HotStore(engine)
