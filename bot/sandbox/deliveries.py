"""What Slack sends an app, over whichever transport: delivered until acknowledged, and with the faults that were asked for."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from bot.sandbox.faults import Faults
from bot.sandbox.workspace import APP, BOT_USER, Payload

PATIENCE = 3.0  # seconds for an acknowledgement
RETRIES = 3


@dataclass
class Delivery:
    """Something sent to the app until it was acknowledged. `response` is what came with the acknowledgement."""

    kind: str
    payload: Payload
    attempts: int = 0
    reason: str = ""  # why the last attempt failed
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    sent_at: float = field(default_factory=time.monotonic)
    seconds: float | None = None  # from sending to the acknowledgement
    response: Payload | None = None

    def acknowledge(self, response: Payload | None) -> None:
        """The app has it."""
        self.response = response
        self.seconds = self.seconds or time.monotonic() - self.sent_at
        self.acknowledged.set()


class Transport(Protocol):
    """How deliveries reach the app."""

    async def ready(self) -> None:
        """Wait until there is somebody to deliver to."""

    async def attempt(self, delivery: Delivery) -> None:
        """Send once; `delivery.acknowledge` is called when the app answers, `reason` says why it did not."""


class Deliveries:
    """All that is on its way to the app."""

    def __init__(self, transport: Transport, faults: Faults) -> None:
        self.transport, self.faults = transport, faults
        self.sent: list[Delivery] = []
        self._held: Delivery | None = None
        self._running: set[asyncio.Task[None]] = set()

    def send_event(self, team: str, event: Payload, external: bool = False) -> None:
        """Deliver an Events API event of a workspace, unless events are being lost."""
        body = {
            "token": "sandbox", "team_id": team, "api_app_id": APP, "type": "event_callback", "event_id": f"Ev{uuid4().hex[:12].upper()}",
            "event_time": int(time.time()), "event": event, "is_ext_shared_channel": external,
            "authorizations": [{"enterprise_id": None, "team_id": team, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}],
        }  # fmt: skip
        if self.faults.mute:
            return
        if self.faults.reorder and self._held is None:
            self._held = Delivery("events_api", body)
            return
        later = self.send("events_api", body)
        if self._held:
            held, self._held = self._held, None
            self._start(held, after=later)

    def send(self, kind: str, payload: Payload) -> Delivery:
        """Deliver an envelope of a kind: `events_api`, `slash_commands` or `interactive`."""
        delivery = Delivery(kind, payload)
        self._start(delivery)
        return delivery

    async def redeliver(self, delivery: Delivery) -> None:
        """Once more, whether or not it was acknowledged: Slack sometimes does."""
        delivery.reason = "timeout"
        await self.transport.attempt(delivery)

    def _start(self, delivery: Delivery, after: Delivery | None = None) -> None:
        self.sent.append(delivery)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, after))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver(self, delivery: Delivery, after: Delivery | None) -> None:
        """Until acknowledged; commands and clicks are sent once, as Slack does."""
        event = delivery.kind == "events_api"
        if after:
            await after.acknowledged.wait()
        await asyncio.sleep(self.faults.delay if event else 0)
        for _ in range(1 + RETRIES if event else 1):
            await self.transport.ready()
            await self.transport.attempt(delivery)
            try:
                await asyncio.wait_for(delivery.acknowledged.wait(), PATIENCE)
                break
            except TimeoutError:
                delivery.reason = delivery.reason or "timeout"
        for _ in range(self.faults.duplicate if event else 0):
            await self.redeliver(delivery)
