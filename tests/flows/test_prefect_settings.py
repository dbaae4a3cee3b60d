"""One port, one address, nothing sent outside; the running server is found where it is."""

import http.server
import socket
import threading

import pytest

from galvanaut.core.errors import InputError
from galvanaut.flows import prefect_settings, server


@pytest.fixture
def healthy():
    """A stand-in for a Prefect server: answers /api/health."""

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/api/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Health) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}/api"
        web.shutdown()
        thread.join()


def test_server_and_ui_agree_on_one_address_and_close_cors(tmp_path):
    settings = prefect_settings.server_settings(tmp_path, 4711)
    assert settings["PREFECT_API_URL"] == settings["PREFECT_UI_API_URL"] == "http://127.0.0.1:4711/api"
    assert settings["PREFECT_SERVER_API_PORT"] == "4711"
    assert "*" not in settings["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"]
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert settings["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "120"
    assert settings["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"].endswith("filesystem")
    assert settings["PREFECT_HOME"] == str(tmp_path / "prefect")


def test_what_the_user_has_set_wins(monkeypatch):
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    monkeypatch.delenv("DO_NOT_TRACK", raising=False)
    prefect_settings.apply({"PREFECT_HOME": "/ours", "DO_NOT_TRACK": "1"})
    import os

    assert (os.environ["PREFECT_HOME"], os.environ["DO_NOT_TRACK"]) == ("/elsewhere", "1")


def test_the_server_of_the_lab_is_found_and_a_dead_one_is_not(tmp_path, monkeypatch, healthy):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(prefect_settings, "DEFAULT_PORT", 1)
    assert prefect_settings.find_server(tmp_path) is None
    prefect_settings.remember_server(tmp_path, healthy)
    assert prefect_settings.find_server(tmp_path) == healthy
    prefect_settings.remember_server(tmp_path, "http://127.0.0.1:1/api")
    assert prefect_settings.find_server(tmp_path) is None
    monkeypatch.setenv("PREFECT_API_URL", healthy)
    assert prefect_settings.find_server(tmp_path) == healthy


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "127.0.0.1:4200", "http://127.0.0.1:1/api"])
def test_addresses_that_are_none_do_not_answer(address):
    assert prefect_settings.answers(address) is False


def test_a_taken_port_is_said_so_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"--port {port}: is in use"):
            server.serve(tmp_path / "lab", port, lambda _: None)
    assert not (tmp_path / "lab").exists()
