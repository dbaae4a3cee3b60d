"""Who may see the lab page: this computer, or who has the token. Headers that keep everything else out."""

from __future__ import annotations

import secrets
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from galvanaut.flows.prefect_access import is_loopback

if TYPE_CHECKING:
    from email.message import Message as EmailMessage

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "token"  # noqa: S105  # the name of a parameter
_HEADERS = {
    # Plotly writes style attributes; everything else is our own, and nothing comes from elsewhere or goes there.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def new_token() -> str:
    """One that nobody guesses."""
    return secrets.token_urlsafe(24)


def is_ours(headers: EmailMessage) -> bool:
    """Whether an answer with these headers is a lab page's, whatever it answers."""
    return all(headers.get(name) == value for name, value in _HEADERS.items())


class Door:
    """Stands before the application: reading only, for those who may.

    Without a token only this computer's own names are answered, so that a web page whose name is made to resolve to
    127.0.0.1 gets nothing. With one it is wanted once in the address, and kept in a cookie.

    Args:
        app: the application.
        token: empty where the page listens at loopback only.
        port: of the page; cookies know no ports, so it is part of the name.
    """

    def __init__(self, app: ASGIApp, token: str = "", port: int = 0) -> None:
        self._app, self._token = app, token
        self._cookie = f"galvanaut_page_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        await (refused or self._app)(scope, receive, _with_headers(send))

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("this page can only be read", 405, {"Allow": "GET, HEAD"})
        if not self._token:
            is_ours = _is_own_name(headers.get("host", ""))
            return None if is_ours else PlainTextResponse("unknown host name", 421)
        given = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if TOKEN in given:
            return self._let_in(scope, given) if self._is_right(given[TOKEN]) else _no_entry()
        cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        return None if cookie is not None and self._is_right(cookie.value) else _no_entry()

    def _let_in(self, scope: Scope, given: dict[str, str]) -> Response:
        """To the same page again, without the token in the address."""
        rest = urlencode({name: value for name, value in given.items() if name != TOKEN})
        path = "/" + scope["path"].lstrip("/")  # two slashes would name another host
        response = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        return response

    def _is_right(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())


def _no_entry() -> Response:
    return PlainTextResponse("open the address that `galvanaut` has printed, with its token", 403)


def _is_own_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
