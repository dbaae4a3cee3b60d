"""Who gets in, and what the page lets a browser do."""

import re
import socket
from pathlib import Path

import plotly
import pytest

from galvanaut.flows.page import app as page_app
from galvanaut.flows.page.access import new_token
from galvanaut.flows.page.serve import address, token_for
from pagelab import client
from smalllab import command_line

TOKEN = "abcdefghijklmnopqrstuvwxyz012345"
STATIC = Path(page_app.__file__).parent / "static"


def test_loopback_needs_no_token_and_every_other_address_does():
    assert [token_for(host) for host in ("127.0.0.1", "::1", "localhost")] == ["", "", ""]
    assert all(len(token_for(host)) >= 32 for host in ("0.0.0.0", "192.0.2.7", "lab-pc", "::"))
    assert new_token() != new_token()
    assert address("127.0.0.1", 4201, "") == "http://127.0.0.1:4201"
    assert address("0.0.0.0", 4201, "x") == "http://127.0.0.1:4201/?token=x"


@pytest.mark.parametrize("path", ["/", "/api/lab", "/api/bench", "/static/page.js", "/api/stream"])
def test_without_the_token_nothing_is_shown(tmp_path, path):
    with client(tmp_path, TOKEN, home="http://lab.example.org") as page:
        for query in ("", "?token=", "?token=wrong", f"?token={TOKEN[:-1]}", f"?token={TOKEN}x", "?token=%C3%A9"):
            reply = page.get(path + query)
            assert (reply.status_code, TOKEN in reply.text, "set-cookie" in reply.headers) == (403, False, False)
        assert page.get(path, headers={"cookie": "galvanaut_page_0=wrong"}).status_code == 403


def test_the_token_is_asked_once_and_leaves_the_address(tmp_path):
    with client(tmp_path, TOKEN, port=4201, home="http://lab.example.org") as page:
        reply = page.get(f"/api/lab?token={TOKEN}&a=b")
        assert (reply.status_code, reply.headers["location"]) == (303, "/api/lab?a=b")
        cookie = reply.headers["set-cookie"].lower()
        assert "galvanaut_page_4201=" in cookie
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert page.get("/api/lab").status_code == 200  # the client keeps the cookie
        assert (
            page.get(f"http://lab.example.org//evil.example.org/?token={TOKEN}").headers["location"].startswith("/evil")
        )


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:4201", 200), ("localhost:4201", 200), ("[::1]:4201", 200), ("evil.example.org", 421), ("", 421)],
)
def test_a_name_that_was_made_to_lead_here_gets_nothing(tmp_path, host, status):
    with client(tmp_path) as page:
        assert page.get("/api/lab", headers={"host": host}).status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_asked_for_but_to_read(tmp_path, method):
    with client(tmp_path) as page:
        assert page.request(method, "/api/lab").status_code == 405


@pytest.mark.parametrize("path", ["/", "/api/lab", "/api/campaign/none", "/static/page.css", "/nowhere"])
def test_headers_keep_out_what_is_not_ours(tmp_path, path):
    with client(tmp_path) as page:
        headers = page.get(path).headers
    rules = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert (rules["default-src"], rules["script-src"], rules["connect-src"]) == ("'none'", "'self'", "'self'")
    assert (rules["frame-ancestors"], rules["base-uri"], rules["form-action"]) == ("'none'", "'none'", "'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_the_page_has_no_script_of_its_own_and_names_no_other_host(tmp_path):
    with client(tmp_path) as page:
        text = page.get("/").text
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
        assert scripts == ["", ""]
        assert not re.search(r"\son\w+=|style=", text)
        script = page.get(f"/plotly-{plotly.__version__}.min.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert len(script.content) > 1_000_000
    ours = [path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix != ".svg"]
    assert not any(re.search(r"https?://", each) for each in [text, *ours])
    assert not any(word in each for each in ours for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval("))


def test_the_command_says_what_is_wrong(tmp_path):
    done = command_line("page", "--lab", tmp_path / "none")
    assert (done.returncode, "is not there; give the folder of a lab" in done.stderr) == (2, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command_line("page", "--lab", tmp_path, "--port", port)
        assert (done.returncode, f"--port {port}: is in use" in done.stderr) == (2, True)
        done = command_line("up", "--lab", tmp_path / "lab", "--port", 4398, "--page-port", port)
        assert (done.returncode, f"--page-port {port}: is in use" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
