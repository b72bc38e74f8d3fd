"""What stands before the app's server: only its own pages talk to it, nobody frames it, and it shows nothing foreign.

The app may be open in one tab of a browser while any page of the web is in another. Without this, that page could

- connect to the app as if it were the person (a WebSocket may be opened to any host), have it load a model, and read
  what it shows; Streamlit would, besides, ask two hosts of the internet for its own address, to compare;
- do the same under a name of its own that it makes lead to this computer (DNS rebinding);
- put the app into a frame, invisible, and have the person click in it;
- be fetched from, by Markdown in the name of a file, a run or a dataset, and so learn that it was looked at.

An ASGI middleware without any dependency; streamlit_app.py puts it before Streamlit, and ferdash.server before the API.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = ("localhost", "127.0.0.1", "::1")
READING = ("GET", "HEAD", "OPTIONS")

# Streamlit's pages need inline styles and scripts, and pictures as data: and blob: urls. Everything else comes from the
# app itself, and so does whatever is shown in a frame or frames the app: streamlit-webrtc's video is such a frame.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' ws://{host} wss://{host} data: blob:; frame-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""The Content-Security-Policy; {host} is the name and port under which the app was asked."""

REFUSED = (
    "ferdash does not answer under this name. If it is meant to, start it with\n"
    "    ferdash app --server.allowedHosts {name}\n"
)
FOREIGN = "ferdash is only spoken to by its own pages.\n"


def as_text(why: str) -> tuple[bytes, bytes]:
    """Media type and body of a refusal, in words."""
    return b"text/plain; charset=utf-8", why.encode()


class Guard:
    """Hands on to `app` what is asked under one of `hosts` and by the app's own pages; refuses the rest (403).

    hosts, origins: functions, as Streamlit reads its configuration late. hosts: names under which the app may be asked,
    without ports, besides those of this computer; * is any. origins: foreign origins that may connect all the same.
    refused: what is said under another {name}. body: media type and body of a refusal.
    """

    def __init__(
        self,
        app: Application,
        hosts: Callable[[], Sequence[str]] = tuple,
        origins: Callable[[], Sequence[str]] = tuple,
        *,
        refused: str = REFUSED,
        body: Callable[[str], tuple[bytes, bytes]] = as_text,
    ) -> None:
        self.app, self.hosts, self.origins = app, hosts, origins
        self.refused, self.body = refused, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        host, origin = _header(scope, b"host"), _header(scope, b"origin")
        if not _is_one_of(_name(f"//{host}"), (*LOCAL, *self.hosts())):
            why = self.refused.format(name=_name(f"//{host}") or "NAME")
            return await _refuse(scope, receive, send, why, self.body)
        foreign = origin != "" and urlsplit(origin).netloc != host and origin not in self.origins()
        if foreign and (scope["type"] == "websocket" or scope["method"] not in READING):
            return await _refuse(scope, receive, send, FOREIGN, self.body)
        await self.app(scope, receive, _with_headers(send, host))


def _header(scope: Scope, name: bytes) -> str:
    """The header's value; empty where it is missing, and where it was given twice, which no browser does."""
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _name(url: str) -> str:
    """Of the host in a url, without port; empty where there is none.

    >>> _name("//localhost:8501"), _name("//[::1]:8501"), _name("//[")
    ('localhost', '::1', '')
    """
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_one_of(name: str, patterns: Sequence[str]) -> bool:
    """As Streamlit's server.allowedHosts has it: a name, *.example.org for those below it, or *.

    >>> _is_one_of("a.example.org", ["*.example.org"]), _is_one_of("badexample.org", ["*.example.org"])
    (True, False)
    """
    allowed = [pattern.strip().lower().rstrip(".") for pattern in patterns]
    return name != "" and any(
        pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:])) for pattern in allowed
    )


async def _refuse(
    scope: Scope, receive: Receive, send: Send, why: str, as_body: Callable[[str], tuple[bytes, bytes]]
) -> None:
    if scope["type"] == "websocket":
        await receive()  # what asks to connect
        return await send({"type": "websocket.close", "code": 1008, "reason": why.strip()[:100]})
    media_type, body = as_body(why)
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, host: str) -> Send:
    added = [
        (b"content-security-policy", POLICY.format(host=host).encode("latin-1")),
        (b"x-frame-options", b"SAMEORIGIN"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in added}
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return send_guarded
