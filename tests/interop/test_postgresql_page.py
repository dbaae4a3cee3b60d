"""The lab page of a lab whose tables are on a PostgreSQL server: every view, and news while a test runs."""

import pytest

from celllab import cell_campaign
from galvanaut.core.eventlog import opened
from galvanaut.core.labdatabase import note
from galvanaut.instruments.telemetry.store import HotStore
from pagelab import CELLS, TEST, Channels, client
from postgresqlserver import lab_url
from stationprocess import run

pytestmark = pytest.mark.interop


def got(page, path):
    reply = page.get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_every_view_of_a_lab_on_a_server(tmp_path, postgresql):
    lab, url = tmp_path / "lab", lab_url(postgresql.url)
    done = run(cell_campaign(tmp_path, trials=1), lab, "--database", url)
    assert done.returncode == 0, done.stderr
    with client(lab) as page:
        assert [each["campaign"] for each in got(page, "/api/lab")["campaigns"]] == [CELLS]
        assert {row["state"] for row in got(page, "/api/bench")["channels"]} == {"free"}
        assert got(page, f"/api/campaign/{CELLS}")["counts"] == {"ok": 1}
        trial = got(page, f"/api/trial/{CELLS}/1")
        assert [each["verdict"] for each in trial["cells"]] == ["ok", "ok"]
        assert trial["spectra"]
        assert got(page, f"/api/cell/{TEST}")["curves"]["capacity"]["cycle"][:2] == [1, 2]
        assert got(page, f"/api/twin/{TEST}")["trace"]["measured_V"]
        assert "enough results" in got(page, f"/api/model/{CELLS}")["why_not"]


def test_channels_under_test_are_seen_live_on_a_server(tmp_path, postgresql):
    many, url = Channels(tmp_path / "lab", 3), lab_url(postgresql.url)
    note(many.lab, url)
    with opened(url, durable=False) as engine, client(many.lab) as page:
        store = HotStore(engine)
        assert got(page, "/api/bench")["channels"] == []
        many.add(store)
        assert [row["cycle"] for row in got(page, "/api/bench")["channels"]] == [1, 1, 1]
        many.add(store, changed=1)
        assert [row["cycle"] for row in got(page, "/api/bench")["channels"]] == [2, 1, 1]
        assert got(page, f"/api/cell/{many.test(0)}")["readings"] == 2
