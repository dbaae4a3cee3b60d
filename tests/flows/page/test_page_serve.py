"""The page beside the Prefect server is announced once it is there, and nothing else for it."""

import http.server
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from galvanaut.core.errors import GalvanautError
from galvanaut.flows.page import serve
from pagelab import client

LIVING = "import sys; sys.stdin.read()"


@contextmanager
def listener(headers, status=200, asked=lambda: None):
    """A server that answers everything alike; its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            yield web.server_port
        finally:
            web.shutdown()
            thread.join()


@pytest.fixture
def child(monkeypatch):
    """Stands in for the page's process; ends when its input does."""
    with subprocess.Popen([sys.executable, "-c", LIVING], stdin=subprocess.PIPE) as process:
        monkeypatch.setattr(serve, "tethered", lambda *_, **__: process)
        yield process


def end(process):
    process.stdin.close()
    process.wait()


def beside(lab, port):
    """What is announced."""
    said = []
    with serve.page_beside(lab, serve.PageAt("127.0.0.1", port, said.append)):
        return said


@pytest.mark.parametrize(("token", "status"), [("", 200), ("", 404), ("abcdefghijkl", 403)])
def test_a_page_is_known_by_any_answer(tmp_path, child, token, status):
    with client(tmp_path, token) as page:
        reply = page.get("/" if status != 404 else "/api/campaign/none")
    assert reply.status_code == status
    ours = {name: value for name, value in reply.headers.items() if name != "content-length"}
    with listener(ours, status) as port:
        assert beside(tmp_path, port) == [f"http://127.0.0.1:{port}"]


@pytest.mark.parametrize("status", [200, 403, 404])
def test_another_server_is_no_page(tmp_path, child, status):
    other = listener({"Content-Type": "text/html"}, status, lambda: end(child))
    with other as port, pytest.raises(GalvanautError, match=f"the lab page did not start at http://127.0.0.1:{port}"):
        beside(tmp_path, port)


def test_a_page_of_another_lab_is_not_ours(tmp_path, child):
    with client(tmp_path) as page:
        headers = dict(page.get("/").headers)
    end(child)  # it has found its port taken
    other = listener({name: headers[name] for name in headers if name != "content-length"})
    with other as port, pytest.raises(GalvanautError, match="did not start"):
        beside(tmp_path, port)
