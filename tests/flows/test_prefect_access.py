"""Beyond loopback nobody without a password, and ours is told to nobody whom a lab folder names."""

import json

import pytest

from galvanaut.core.errors import InputError
from galvanaut.flows import prefect_settings, server
from galvanaut.flows.prefect_access import CLIENT_AUTH, SERVER_AUTH, UI_API_URL, is_here, lets_us_in, require_password
from smalllab import command_line

SECRET = "lab:a-long-secret-word"


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in (SERVER_AUTH, CLIENT_AUTH, UI_API_URL, "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["192.0.2.7", "0.0.0.0", "::", "lab-pc", "", "2001:db8::1", "127.0.0.1.example.org"])
def test_other_computers_are_refused_without_a_password(tmp_path, host):
    done = command_line("up", "--host", host, "--lab", tmp_path / "lab")
    assert done.returncode == 2
    assert f"--host {host}: lets other computers start, change and cancel runs" in done.stderr
    assert SERVER_AUTH in done.stderr
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_none(host):
    require_password(host)


@pytest.mark.parametrize("text", ["secret-secret", ":secret-secret", "lab:", "lab:short", f" {SECRET}", f"{SECRET}\n"])
@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7"])
def test_what_is_no_password_is_refused_everywhere_and_not_repeated(monkeypatch, host, text):
    monkeypatch.setenv(SERVER_AUTH, text)
    with pytest.raises(InputError, match="at least 12 characters") as caught:
        require_password(host)
    assert text.strip() not in str(caught.value)


def test_all_addresses_need_to_be_told_where_browsers_come_from(monkeypatch, tmp_path):
    monkeypatch.setenv(SERVER_AUTH, SECRET)
    with pytest.raises(InputError, match=UI_API_URL):
        require_password("0.0.0.0")
    monkeypatch.setenv(UI_API_URL, "https://lab.example.org/api")
    require_password("0.0.0.0")
    settings = prefect_settings.server_settings(tmp_path, 4711, "0.0.0.0")
    assert settings["PREFECT_API_URL"] == "http://127.0.0.1:4711/api"
    assert settings[UI_API_URL] == "https://lab.example.org/api"
    origins = settings["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"].split(",")
    assert origins == ["http://127.0.0.1:4711", "https://lab.example.org"]


def test_an_address_of_another_computer_is_said_so(monkeypatch, tmp_path):
    monkeypatch.setenv(SERVER_AUTH, SECRET)
    with pytest.raises(InputError, match=r"--host 192.0.2.77 --port 4711: cannot be listened at"):
        server.serve(tmp_path / "lab", 4711, lambda _: None, "192.0.2.77")


def test_the_password_goes_to_clients_by_the_environment_and_into_no_file(monkeypatch, tmp_path):
    monkeypatch.setenv(SERVER_AUTH, SECRET)
    assert prefect_settings.client_settings(tmp_path)[CLIENT_AUTH] == SECRET
    settings = prefect_settings.server_settings(tmp_path, 4711)
    assert settings["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    note = prefect_settings.remember_server(tmp_path, settings["PREFECT_API_URL"])
    assert json.loads(note.read_text()) == {"api_url": "http://127.0.0.1:4711/api"}


def test_a_lab_folder_cannot_send_us_and_our_password_elsewhere(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(prefect_settings, "answers", lambda url: bool(asked.append(url)) or True)
    monkeypatch.setenv(CLIENT_AUTH, SECRET)
    prefect_settings.remember_server(tmp_path, "http://192.0.2.77:4200/api")
    assert prefect_settings.find_server(tmp_path) is None
    prefect_settings.remember_server(tmp_path, "http://127.0.0.1:4711/api")
    assert prefect_settings.find_server(tmp_path) == "http://127.0.0.1:4711/api"
    assert asked == ["http://127.0.0.1:4711/api"]


@pytest.mark.parametrize("url", ["http://192.0.2.77/api", "http://[::", "nonsense", "http://a\0b/api"])
def test_other_computers_are_not_here(url):
    assert not is_here(url)


def test_this_computer_is_here():
    assert is_here("http://127.0.0.1:4200/api")
    assert is_here("http://localhost:4200/api")
    assert lets_us_in("http://127.0.0.1:1/api")  # nobody there is no matter of passwords
