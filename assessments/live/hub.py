"""One hub per process: a single database connection that listens for changes and looks after everybody's rights."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable

import psycopg
import structlog
from django.conf import settings
from psycopg.conninfo import make_conninfo

from assessments.live.changes import CHANNEL, PORTFOLIO, inbox_name, portfolio_name
from assessments.live.footing import FOOTINGS, Listener, parameters

ANSWER_SECONDS = 10.0
LONGEST_PAUSE = 10.0

log = structlog.get_logger(__name__)


class Stream:
    """What waits to be sent to one listener: at most one event per subject, so that a slow reader costs nothing.

    ended  set when the right to listen is gone or the listener went away
    """

    def __init__(self, listener: Listener, footing: str):
        self.listener, self.footing = listener, footing
        self.ended = False
        self._waiting: dict[str, dict] = {}
        self._woken = asyncio.Event()

    def put(self, event: dict) -> None:
        self._waiting[event.get("subject", "")] = event
        self._woken.set()

    def end(self) -> None:
        self.ended = True
        self._woken.set()

    async def take(self, patience: float) -> list[dict]:
        """The waiting events, or none after `patience` seconds."""
        try:
            await asyncio.wait_for(self._woken.wait(), patience)
        except TimeoutError:
            return []
        self._woken.clear()
        taken, self._waiting = list(self._waiting.values()), {}
        return taken


LOOK: dict = {}  # an event that names nobody: ask for everything you show


class Hub:
    """Passes changes on to the streams that name their subject, and asks again for streams whose footing moved.

    look_again  answers a listener's new footing, None where its right is gone
    Every stream begins with LOOK, once the hub listens: what moved while its page was loading is asked for then.
    """

    def __init__(self, check_every: float, look_again: Callable[[Listener], Awaitable[str | None]]):
        self.check_every, self.look_again = check_every, look_again
        self.streams: dict[int, Stream] = {}
        self._by_subject: dict[str, set[Stream]] = defaultdict(set)
        self._listening = False
        self._task: asyncio.Task | None = None

    def join(self, listener: Listener, footing: str) -> Stream:
        """Begin to pass changes on; the first one who joins starts the listening."""
        stream = Stream(listener, footing)
        self.streams[listener.stream] = stream
        for name in listener.subjects:
            self._by_subject[name].add(stream)
        if self._listening:
            stream.put(LOOK)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_listening())
        return stream

    def leave(self, stream: Stream) -> None:
        self.streams.pop(stream.listener.stream, None)
        for name in stream.listener.subjects:
            self._by_subject[name].discard(stream)
            if not self._by_subject[name]:
                del self._by_subject[name]

    def streams_of(self, user_id: int) -> int:
        return sum(1 for stream in self.streams.values() if stream.listener.user_id == user_id)

    def tell(self, payload: str) -> None:
        try:
            told = json.loads(payload)
            event, name, portfolio = told["event"], told["event"]["subject"], portfolio_name(told["organization"])
            inboxes = [inbox_name(one) for one in told.get("inboxes", ())]
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("change_not_understood", payload=payload[:200])
            return
        if inboxes:
            for stream in {stream for one in inboxes for stream in self._by_subject.get(one, ())}:
                stream.put(event)
            return
        for stream in self._by_subject.get(name, ()):
            stream.put(event)
        # Some of what a portfolio lists may be hidden from its reader, who therefore hears only that something moved.
        for stream in self._by_subject.get(portfolio, ()):
            stream.put({"subject": PORTFOLIO})

    async def _keep_listening(self) -> None:
        pause = 1.0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(_conninfo(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    pause = 1.0
                    await self._listen(connection)
            except (psycopg.Error, OSError, TimeoutError) as problem:
                log.warning("live_waits_for_the_database", problem=str(problem))
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _listen(self, connection: psycopg.AsyncConnection) -> None:
        # What was announced while nobody listened is lost: rights first, then everyone looks.
        await self._check(connection)
        for stream in self.streams.values():
            stream.put(LOOK)
        self._listening = True
        try:
            while True:
                async for notice in connection.notifies(timeout=self.check_every):
                    self.tell(notice.payload)
                await self._check(connection)
        finally:
            self._listening = False

    async def _check(self, connection: psycopg.AsyncConnection) -> None:
        """End the streams whose session ended, or whose right is gone now that what it rested on has moved."""
        asked = dict(self.streams)
        if not asked:
            return
        given = parameters(stream.listener for stream in asked.values())
        async with asyncio.timeout(ANSWER_SECONDS):
            rows = await (await connection.execute(FOOTINGS, given)).fetchall()
        footings: dict = dict(rows)
        for number, stream in asked.items():
            now = footings.get(number)
            if now is not None and now != stream.footing:
                now = await self.look_again(stream.listener)
            if now is None:
                stream.end()
            else:
                stream.footing = now


def _conninfo() -> str:
    values = settings.DATABASES["default"]
    return make_conninfo(
        dbname=values["NAME"],
        user=values["USER"],
        password=values["PASSWORD"],
        host=values["HOST"],
        port=values["PORT"],
        connect_timeout=5,
        application_name="makewhere live",
        options="-c statement_timeout=8000",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
