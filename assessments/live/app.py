"""The ASGI application of the live process: `/live/events/` and the health addresses, and nothing else.

Signed in by the session cookie of the pages, which is why only pages of SITE_URL may read the answers.
"""

import asyncio
import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from assessments.live.doorway import Refused, admit, readmit
from assessments.live.footing import Listener
from assessments.live.hub import Hub, Stream

PING_SECONDS = 15.0
SEND_SECONDS = 20.0
BREATH_SECONDS = 0.5  # between two lots of events of one stream: a page of many programs asks once for many changes
STREAMS_PER_USER = 6
# Two database connections for admissions, however many pages come back at once; the hub has a third.
ADMISSIONS_AT_ONCE = 2


class LiveApplication:
    """An ASGI application. One hub, made with the first listener."""

    def __init__(self):
        self.hub = Hub(settings.LIVE_CHECK_SECONDS, self._look_again)
        self._admissions = ThreadPoolExecutor(ADMISSIONS_AT_ONCE, thread_name_prefix="admission")

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            return await _live_and_end(receive, send)
        if scope["type"] != "http":
            return None
        if scope["method"] not in ("GET", "HEAD"):
            return await _answer(send, 405, "Only GET.", [(b"allow", b"GET, HEAD")])
        if scope["path"] == "/live/events/":
            return await self._events(scope, receive, send)
        if scope["path"] == "/healthz/live":
            return await _answer(send, 200, '{"status": "up"}', kind=b"application/json")
        if scope["path"] == "/healthz/ready":
            up = await self._in_thread(_database_answers)
            return await _answer(
                send, 200 if up else 503, json.dumps({"status": "up" if up else "down"}), kind=b"application/json"
            )
        return await _answer(send, 404, "There is nothing here.")

    async def _in_thread(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self._admissions, function, *arguments)

    async def _look_again(self, listener: Listener) -> str | None:
        try:
            return await self._in_thread(readmit, listener)
        except Refused:
            return None
        except DatabaseError:
            return ""  # no footing at all: asked again at the next look

    async def _events(self, scope, receive, send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and origin != web_origin():
            return await _answer(send, 403, "Only the pages of this site may listen.")
        shared = _cors(origin)
        names = parse_qs(scope["query_string"].decode("latin-1")).get("subject", [])
        try:
            listener, footing = await self._in_thread(admit, headers.get(b"cookie", b"").decode("latin-1"), names)
        except Refused as refusal:
            return await _answer(send, refusal.status, str(refusal), shared)
        except DatabaseError:
            return await _answer(send, 503, "The database is away.", [*shared, (b"retry-after", b"10")])
        if self.hub.streams_of(listener.user_id) >= STREAMS_PER_USER:
            return await _answer(send, 429, "Too many pages listen already.", [*shared, (b"retry-after", b"60")])
        stream = self.hub.join(listener, footing)
        gone = asyncio.create_task(_end_with_client(receive, stream))
        try:
            await _stream(send, stream, shared)
        except (TimeoutError, OSError):
            pass  # the reader stopped reading; its page asks again by itself
        finally:
            self.hub.leave(stream)
            gone.cancel()
        return None


async def _stream(send, stream: Stream, shared: list) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [*_headers(b"text/event-stream"), *shared]})
    # Everyone who loses the process comes back at another moment.
    await _send(send, f"retry: {random.randint(1500, 6000)}\n\n")
    while not stream.ended:
        events = await stream.take(PING_SECONDS)
        if stream.ended:
            break
        await _send(send, "".join(f"event: change\ndata: {json.dumps(one)}\n\n" for one in events) or ": ping\n\n")
        if events:
            await asyncio.sleep(BREATH_SECONDS)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send, text: str) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _end_with_client(receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


async def _answer(send, status: int, text: str, more: Sequence = (), kind: bytes = b"text/plain") -> None:
    body = text.encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_headers(kind), length, *more]})
    await send({"type": "http.response.body", "body": body})


async def _live_and_end(receive, send) -> None:
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


def web_origin() -> str:
    """The one origin whose pages may read these answers."""
    parts = urlsplit(settings.SITE_URL)
    return f"{parts.scheme}://{parts.netloc}"


def _cors(origin: str) -> list:
    if not origin:
        return [(b"vary", b"Origin")]
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


def _headers(kind: bytes) -> list:
    return [
        (b"content-type", kind + b"; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (
            b"content-security-policy",
            b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        *([(b"strict-transport-security", _hsts())] if settings.SECURE_HSTS_SECONDS else []),
    ]


def _hsts() -> bytes:
    return f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload".encode()


def _database_answers() -> bool:
    close_old_connections()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    finally:
        close_old_connections()
    return True


application = LiveApplication()
