"""Hooks: a command, a real mail server, an MQTT broker; and a hook that fails or hangs disturbs nobody."""

import json
import os
import socket
import ssl
import sys
import time
from contextlib import contextmanager
from threading import Thread

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import TypeAdapter, ValidationError

from galvanaut.core.errors import InputError
from galvanaut.flows.notify import Hook, Message, Notifier
from galvanaut.flows.notify import mqtt as mqtts

MESSAGE = Message(
    "raised", "no new sample\nfor 2 min", "smu", "silence of demo/0001/cycle/1", "demo/0001/cycle/1",
    "2026-01-02T03:04:05+00:00", "cells", simulated=True,
)  # fmt: skip
SECRET = "open-sesame-42"


def hook(**tree):
    return TypeAdapter(Hook).validate_python(tree)


def command(code, *arguments, **more):
    return hook(kind="command", run=[sys.executable, "-c", code, *arguments], **more)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# -- command ----------------------------------------------------------------------------------------------------------

KEEP = "import sys, pathlib; pathlib.Path('told.json').write_text(sys.stdin.read())"


def test_a_command_gets_the_message_as_json_in_the_lab_folder_and_no_shell_reads_its_arguments(tmp_path):
    command(f"{KEEP}; pathlib.Path('argument').write_text(sys.argv[1])", "$(touch owned); x").deliver(
        MESSAGE, tmp_path, []
    )
    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["event"], told["instrument"], told["simulated"]) == ("raised", "smu", True)
    assert (tmp_path / "argument").read_text() == "$(touch owned); x"
    assert not (tmp_path / "owned").exists()


def test_a_command_does_not_see_the_secrets_of_other_hooks(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_PASSWORD", SECRET)
    command("import os, pathlib; pathlib.Path('e').write_text(str(dict(os.environ)))").deliver(
        MESSAGE, tmp_path, ["LAB_PASSWORD"]
    )
    assert SECRET not in (tmp_path / "e").read_text()


@pytest.mark.parametrize(
    ("code", "text"),
    [("import sys; sys.exit('no paper')", "code 1: no paper"), ("import time; time.sleep(60)", "took more than 0.5 s")],
)
def test_a_command_that_fails_or_hangs_is_ended_and_says_so(tmp_path, code, text):
    with pytest.raises(Exception, match=text):
        command(code, timeout="0.5 s" if "sleep" in code else "30 s").deliver(MESSAGE, tmp_path, [])


def test_a_command_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Exception, match="no-such-program cannot be started"):
        hook(kind="command", run=["no-such-program"]).deliver(MESSAGE, tmp_path, [])


# -- e-mail -----------------------------------------------------------------------------------------------------------


class Letters:
    """What a mail server has taken."""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(envelope)
        return "250 OK"


class Server(Controller):
    """A mail server that speaks TLS from the start, after STARTTLS, or not at all."""

    def __init__(self, security, authority, letters):
        self.security = security
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(self.context)
        tls = self.context if security == "tls" else None
        super().__init__(letters, hostname="localhost", port=free_port(), ssl_context=tls)

    def factory(self):
        if self.security == "none":
            return SMTP(self.handler)
        starttls = {"tls_context": self.context, "require_starttls": True} if self.security == "starttls" else {}
        return SMTP(
            self.handler,
            authenticator=_login,
            auth_required=bool(starttls),
            auth_require_tls=bool(starttls),
            **starttls,
        )


def _login(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == SECRET.encode())


@contextmanager
def mail_server(security, authority):
    letters = Letters()
    server = Server(security, authority, letters)
    server.start()
    try:
        yield server.port, letters.taken
    finally:
        server.stop()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def mail(tmp_path, authority, monkeypatch):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("LAB_PASSWORD", SECRET)
    return {
        "kind": "email", "host": "localhost", "from": "lab@example.org", "to": ["a@example.org", "b@example.org"],
        "user": "lab", "password_env": "LAB_PASSWORD", "ca_file": str(tmp_path / "ca.pem"), "timeout": "10 s",
    }  # fmt: skip


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_a_mail_goes_out_over_each_kind_of_line(tmp_path, authority, mail, security):
    if security == "none":
        mail = {name: value for name, value in mail.items() if name not in ("user", "password_env")}
    with mail_server(security, authority) as (port, taken):
        hook(**mail, security=security, port=port).deliver(MESSAGE, tmp_path, [])
    (letter,) = taken
    text = letter.content.decode()
    assert letter.rcpt_tos == ["a@example.org", "b@example.org"]
    assert "[simulated] ALARM: smu on bench cells" in text
    assert "no new sample" in text
    assert SECRET not in text


def test_a_server_with_a_certificate_of_nobody_known_gets_neither_mail_nor_password(tmp_path, authority, mail):
    del mail["ca_file"]
    with mail_server("tls", authority) as (port, taken), pytest.raises(ssl.SSLError, match="certificate verify failed"):
        hook(**mail, security="tls", port=port).deliver(MESSAGE, tmp_path, [])
    assert taken == []


def test_a_server_without_starttls_gets_no_password(tmp_path, authority, mail):
    with mail_server("none", authority) as (port, taken), pytest.raises(Exception, match="STARTTLS"):
        hook(**mail, port=port).deliver(MESSAGE, tmp_path, [])
    assert taken == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"security": "none"}, "not encrypted"),
        ({"user": None}, "together"),
        ({"password_env": "p@ss word"}, "password_env"),
        ({"to": ["a@example.org\nBcc: x@example.org"]}, "to.0"),
        ({"password": SECRET}, "password"),
    ],
)
def test_what_cannot_be_meant_is_refused(mail, change, text):
    with pytest.raises(ValidationError, match=text):
        hook(**{**mail, **change})


def test_a_password_that_is_not_there_is_told_before_anything_begins(mail, monkeypatch):
    monkeypatch.delenv("LAB_PASSWORD")
    with pytest.raises(InputError, match="LAB_PASSWORD"):
        hook(**mail).require_ready()


# -- mqtt -------------------------------------------------------------------------------------------------------------


def _serve_one(listener, taken):
    """As much of MQTT 3.1.1 as one publisher needs: packets shorter than 16 kB."""
    line, _ = listener.accept()
    with line, line.makefile("rb") as stream:
        while head := stream.read(1):
            length, shift = 0, 0
            while (byte := stream.read(1)[0]) & 0x80:
                length, shift = length | (byte & 0x7F) << shift, shift + 7
            body = stream.read(length | byte << shift)
            kind = head[0] >> 4
            if kind == 1:
                line.sendall(b"\x20\x02\x00\x00")
            elif kind == 3:
                size = int.from_bytes(body[:2], "big")
                taken.append((body[2 : 2 + size].decode(), body[4 + size :]))
                line.sendall(b"\x40\x02" + body[2 + size : 4 + size])
            elif kind == 14:
                return


def test_an_mqtt_broker_gets_the_message_as_json(tmp_path):
    taken = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        broker = Thread(target=_serve_one, args=(listener, taken), daemon=True)
        broker.start()
        port = listener.getsockname()[1]
        hook(kind="mqtt", host="127.0.0.1", port=port, topic="lab/alarms", tls=False).deliver(MESSAGE, tmp_path, [])
        broker.join(10)
    ((topic, payload),) = taken
    assert (topic, json.loads(payload)["cause"]) == ("lab/alarms", MESSAGE.cause)


def test_a_broker_that_says_nothing_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = hook(kind="mqtt", host="127.0.0.1", port=listener.getsockname()[1], topic="t", tls=False, timeout="0.5 s")
        with pytest.raises(mqtts.MqttFailedError, match="does not answer"):
            one.deliver(MESSAGE, tmp_path, [])


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(InputError, match=r"galvanaut\[mqtt\]"):
        hook(kind="mqtt", host="broker", topic="t").require_ready()


# -- notifier ---------------------------------------------------------------------------------------------------------


def test_messages_arrive_in_their_order_and_a_hook_that_fails_is_logged_once(tmp_path, caplog):
    good = command("import sys; open('log', 'a').write(sys.stdin.read() + '\\n')")
    bad = command("raise SystemExit('" + SECRET + "')")
    os.environ["LAB_PASSWORD"] = SECRET
    try:
        notifier = Notifier([good, bad], tmp_path, pauses_s=(0.0, 0.0))
        notifier._lines[1]._secrets.append("LAB_PASSWORD")
        for number in range(3):
            notifier.tell(Message("raised", str(number), "smu", "silence", "", "", "cells", simulated=False))
        notifier.close(60)
    finally:
        del os.environ["LAB_PASSWORD"]
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["0", "1", "2"]
    assert caplog.text.count("alarms do not get through") == 1
    assert SECRET not in caplog.text


def test_a_hook_that_hangs_holds_nobody_up(tmp_path, caplog):
    notifier = Notifier([command("import time; time.sleep(5)")], tmp_path)
    began = time.monotonic()
    for _ in range(500):
        notifier.tell(MESSAGE)
    assert time.monotonic() - began < 2
    notifier.close(0.2)
    assert time.monotonic() - began < 4
    assert caplog.text.count("more are dropped") == 1
    assert caplog.text.count("was left alone") == 1
    notifier._lines[0]._queue.queue.clear()


def test_who_does_not_want_to_hear_of_the_end_does_not(tmp_path):
    notifier = Notifier([command(KEEP, on_cleared=False)], tmp_path)
    notifier.tell(Message("cleared", "", "smu", "silence", "", "", "cells", simulated=False))
    notifier.close(30)
    assert not (tmp_path / "told.json").exists()
