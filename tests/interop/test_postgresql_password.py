"""The password of a PostgreSQL server: from the environment or libpq's own file, and written nowhere."""

import json
import secrets

import pytest

from galvanaut.core.labdatabase import FILE, VARIABLE
from postgresqlserver import lab_url
from smalllab import command_line, small_campaign
from stationprocess import run

pytestmark = pytest.mark.interop
SECRET = "geheim4711"


@pytest.fixture(scope="module")
def server_url(postgresql):
    return postgresql.add_user("u" + secrets.token_hex(4), SECRET)


@pytest.fixture
def url(server_url, monkeypatch):
    for name in (VARIABLE, "PGPASSWORD", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    return lab_url(server_url)


def with_password(url):
    return url.replace("@/", f":{SECRET}@/")


def test_a_lab_is_run_with_the_password_of_the_environment_and_it_is_written_nowhere(
    tmp_path, url, monkeypatch, postgresql
):
    campaign, lab = small_campaign(tmp_path, 1), tmp_path / "lab"
    monkeypatch.setenv(VARIABLE, with_password(url))
    done = run(campaign, lab)
    assert done.returncode == 0, done.stderr
    told = [done, command_line("status", "--lab", lab), command_line("station", "status", "--lab", lab)]
    assert json.loads((lab / FILE).read_text()) == {"url": url}
    files = [path for path in lab.rglob("*") if path.is_file()]
    assert lab / "reports" / "conductivity.html" in files
    assert all(SECRET.encode() not in path.read_bytes() for path in files)
    assert all(SECRET not in each.stdout + each.stderr for each in told)
    schema = f"lab_{url.rpartition('=')[2]}"
    for table in ("ledger", "journal", "leases"):
        assert SECRET not in postgresql.psql(f"SELECT * FROM {schema}.{table}")


@pytest.mark.parametrize("way", ["PGPASSWORD", "PGPASSFILE"])
def test_the_ways_of_libpq_work_too(tmp_path, url, monkeypatch, way):
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:*:{SECRET}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv(way, SECRET if way == "PGPASSWORD" else str(passwords))
    done = run(small_campaign(tmp_path, 1), tmp_path / "lab", "--database", url, "--max-trials", "1")
    assert done.returncode == 0, done.stderr


def test_without_the_right_password_nothing_is_begun_and_none_is_told(tmp_path, url, monkeypatch):
    campaign, lab = small_campaign(tmp_path, 1), tmp_path / "lab"
    monkeypatch.setenv(VARIABLE, with_password(url).replace(SECRET, f"not-{SECRET}"))
    wrong = run(campaign, lab)
    monkeypatch.delenv(VARIABLE)
    missing = run(campaign, lab, "--database", url)
    shown = run(campaign, lab, "--database", with_password(url))
    for done, text in (
        (wrong, "password authentication failed"),
        (missing, "no password supplied"),
        (shown, f"--database: holds a password, which others can read there; put that into {VARIABLE}"),
    ):
        assert (done.returncode, text in done.stderr) == (2, True), done.stderr
        assert SECRET not in done.stderr
        assert "Traceback" not in done.stderr
    assert not lab.exists()
