"""Links to Prefect's runs, from a server that stands in for it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from galvanaut.flows import prefect_settings
from galvanaut.flows.page.prefectlinks import PrefectLinks
from galvanaut.flows.prefect_settings import noted_page, remember_server

RUNS = [
    {"name": "trial-002", "id": "b"},
    {"name": "conductivity", "id": "c/../x"},
    {"name": "trial-002", "id": "older"},
]


class Prefect(BaseHTTPRequestHandler):
    """As much of its API as is asked for: healthy, careful about forgery, and silent."""

    asked: ClassVar[list[dict]] = []

    def do_GET(self):
        self.answer({"token": "t"} if self.path.startswith("/api/csrf-token?client=") else {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_ours = self.headers["Prefect-Csrf-Token"] == "t" and self.headers["Prefect-Csrf-Client"]
        self.asked.append(body)
        self.answer(RUNS if is_ours else {}, 200 if is_ours else 403)

    def answer(self, content, status=200):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def prefect(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    Prefect.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Prefect) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


def test_runs_are_found_by_the_tags_of_lab_and_campaign(tmp_path, prefect):
    remember_server(tmp_path, prefect, "http://127.0.0.1:4201")
    (tmp_path / "lab-id.json").write_text('{"lab": "abc", "inode": 1}')
    links = PrefectLinks(tmp_path)
    ui = prefect.removesuffix("/api")
    found = {"trial-002": f"{ui}/runs/flow-run/b", "conductivity": f"{ui}/runs/flow-run/c%2F..%2Fx"}
    assert links.of("conductivity") == found
    assert links.of("conductivity") == found
    assert [each["flow_runs"]["tags"]["all_"] for each in Prefect.asked] == [
        ["galvanaut", "campaign-conductivity", "lab-abc"]
    ]


def test_without_prefect_there_are_no_links(tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(prefect_settings, "DEFAULT_PORT", 1)
    assert PrefectLinks(tmp_path).of("conductivity") == {}


def test_the_page_is_noted_for_campaigns_and_only_on_this_computer(tmp_path):
    assert noted_page(tmp_path) == ""
    remember_server(tmp_path, "http://127.0.0.1:1/api", "http://127.0.0.1:4201")
    assert noted_page(tmp_path) == "http://127.0.0.1:4201"
    remember_server(tmp_path, "http://127.0.0.1:1/api", "http://192.0.2.99:4201")
    assert noted_page(tmp_path) == ""
    remember_server(tmp_path, "http://127.0.0.1:1/api")
    assert noted_page(tmp_path) == ""
