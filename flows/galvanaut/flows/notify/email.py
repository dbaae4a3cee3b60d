"""An alarm as an e-mail."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from galvanaut.flows.notify.message import Message

if TYPE_CHECKING:
    from galvanaut.flows.notify.hooks import EmailHook

PORTS = {"starttls": 587, "tls": 465, "none": 25}


def send(hook: EmailHook, message: Message) -> None:
    """Hand it over to the server.

    Raises:
        OSError, smtplib.SMTPException: it was not taken.
    """
    port = hook.port or PORTS[hook.security]
    if hook.security == "tls":
        with smtplib.SMTP_SSL(hook.host, port, timeout=hook.timeout_s, context=_trust(hook)) as server:
            _hand_over(hook, server, message)
        return
    with smtplib.SMTP(hook.host, port, timeout=hook.timeout_s) as server:
        if hook.security == "starttls":
            server.starttls(context=_trust(hook))  # raises if the server cannot: no password goes over an open line
        _hand_over(hook, server, message)


def _hand_over(hook: EmailHook, server: smtplib.SMTP, message: Message) -> None:
    password = hook.password()
    if hook.user is not None and password is not None:
        server.login(hook.user, password)
    server.send_message(_letter(hook, message))


def _letter(hook: EmailHook, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = hook.sender
    letter["To"] = ", ".join(hook.to)
    letter["Subject"] = message.subject()
    letter["Date"] = formatdate(localtime=False)
    letter["Message-ID"] = make_msgid(domain=hook.sender.split("@")[1])
    letter["Auto-Submitted"] = "auto-generated"  # no automatic answers, RFC 3834
    letter.set_content(message.body())
    return letter


def _trust(hook: EmailHook) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if hook.ca_file is None else str(hook.ca_file))
