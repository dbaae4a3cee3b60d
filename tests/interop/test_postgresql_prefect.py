"""One PostgreSQL server for ledger, journal and Prefect, told of it as in docs/how-to/two-benches.md."""

import pytest

from docrun import Page, exported
from postgresqlserver import PackagedServer, lab_url, running
from smalllab import command_line, command_line_process, small_campaign

pytestmark = [pytest.mark.interop, pytest.mark.prefect]


@pytest.fixture
def postgresql():
    """Debian's: Prefect wants the extension pg_trgm, which pgserver has not."""
    pytest.importorskip("psycopg")
    try:
        with running(PackagedServer) as server:
            yield server
    except ImportError:
        pytest.skip("Debian's package postgresql is not installed")


@pytest.mark.timeout(240)
def test_a_lab_and_prefect_share_a_server(tmp_path, postgresql, monkeypatch):
    postgresql.psql("CREATE DATABASE prefect")
    view = postgresql.url.replace("+psycopg", "+asyncpg").replace("/postgres?", "/prefect?")
    ((name, shown),) = exported(Page("docs/how-to/two-benches.md").block("/prefect'")).items()
    assert shown.split("//")[0] == view.split("//")[0]
    monkeypatch.setenv(name, view)
    campaign, lab = small_campaign(tmp_path, 1), tmp_path / "lab"
    done = command_line_process("run", campaign, "--lab", lab, "--database", lab_url(postgresql.url), limit_s=220)
    assert done.returncode == 0, done.stderr
    assert "Prefect failed" not in done.stdout
    assert list(lab.rglob("*.db")) == [lab / "worlds" / "simulated.db"]
    runs = postgresql.psql("\\c prefect\nSELECT name, state_type FROM flow_run ORDER BY name")
    assert "trial-001" in runs
    assert "COMPLETED" in runs

    postgresql.psql("DROP DATABASE prefect WITH (FORCE)")  # a view, which may be deleted
    assert "1 of 1 trials ended" in command_line("status", "--lab", lab).stdout
