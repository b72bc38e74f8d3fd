"""What a request has to pass before it is read: token, rate, size and time to arrive."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from ferdash.server import problems
from ferdash.server.settings import ServeSettings
from ferdash.serving import Application, Message, Receive, Scope, Send

ADDRESSES = 10_000
"""So many callers are remembered; the one who was silent longest is forgotten first."""

OPEN = ("/v1/health",)
"""What may be asked without a token: whether the server is up."""


class Gate:
    """Hands on to `app` what may pass; answers the rest with a problem document, and closes a WebSocket with 1008."""

    def __init__(self, app: Application, settings: ServeSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.settings = app, settings
        self.rate = Rate(settings.requests_per_minute, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        address = scope["client"][0] if scope.get("client") else ""
        if (wait_s := self.rate.take(address)) > 0:
            detail = f"More than {self.settings.requests_per_minute} requests a minute came from {address}; slow down."
            return await _refuse(scope, receive, send, 429, detail, {"retry-after": str(int(wait_s) + 1)})
        if scope["path"] not in OPEN and not self._knows_token(scope):
            detail = "Send the token that `ferdash serve` printed when it started: Authorization: Bearer TOKEN."
            return await _refuse(scope, receive, send, 401, detail, {"www-authenticate": "Bearer"})
        if scope["type"] == "websocket":
            return await self.app(scope, receive, send)
        if _length(scope) > self.settings.body_bytes:
            return await _refuse(scope, receive, send, 413, self._too_large())
        return await self._bounded(scope, receive, send)

    def _knows_token(self, scope: Scope) -> bool:
        if self.settings.token is None:
            return True
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return secrets.compare_digest(given, b"Bearer " + self.settings.token.encode())

    def _too_large(self) -> str:
        return f"The request is larger than {self.settings.body_bytes // 1_000_000:,} MB; send less at once."

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a body piece by piece, whatever its header said of its length, and no longer than it may take."""
        arrived, started, whole = 0, time.monotonic(), False
        verdict: tuple[int, str] | None = None

        async def receive_bounded() -> Message:
            nonlocal arrived, whole, verdict
            if whole:
                return await receive()  # waits for the caller to go away, and may do so
            try:
                left_s = self.settings.upload_s - (time.monotonic() - started)
                message = await asyncio.wait_for(receive(), max(left_s, 0.001))
            except TimeoutError:
                verdict = (
                    408,
                    f"The request took longer than {self.settings.upload_s:g} s to arrive; send less at once.",
                )
                raise
            arrived += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if arrived > self.settings.body_bytes:
                verdict = 413, self._too_large()
                raise ValueError(verdict[1])
            return message

        async def send_answer(message: Message) -> None:
            # Whoever read the body took its end for a fault of the caller's; we know better.
            if verdict is None:
                await send(message)
            elif message["type"] == "http.response.start":
                await _refuse(scope, receive, send, *verdict)

        await self.app(scope, receive_bounded, send_answer)


class Rate:
    """So many requests a minute from one address, spread out or in a burst of a tenth of them."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self.per_s, self.burst, self.clock = per_minute / 60, max(1.0, per_minute / 10), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> float:
        """Take one; 0, or the seconds until there is one again."""
        now = self.clock()
        left, before = self._left.pop(address, (self.burst, now))
        left = min(self.burst, left + (now - before) * self.per_s)
        wait_s = 0.0 if left >= 1 else (1 - left) / self.per_s
        self._left[address] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > ADDRESSES:
            self._left.popitem(last=False)
        return wait_s


def _length(scope: Scope) -> int:
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(text) if text.isdigit() else 0


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, detail: str, headers: dict[str, str] | None = None
) -> None:
    if scope["type"] == "websocket":
        await receive()  # what asks to connect
        return await send({"type": "websocket.close", "code": 1008, "reason": detail[:100]})
    media_type, content = problems.body(status, detail)
    listed = [(b"content-type", media_type), (b"content-length", str(len(content)).encode()), (b"connection", b"close")]
    listed += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": content})
