"""Socket Mode as Slack speaks it: envelopes, acknowledgements, and redelivery of what was not acknowledged."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.workspace import APP, BOT_USER, TEAM, Payload

PATIENCE = 3.0  # seconds for an acknowledgement
RETRIES = 3


@dataclass
class Delivery:
    """Something sent to the app until it was acknowledged. `response` is what came with the acknowledgement."""

    kind: str
    payload: Payload
    attempts: int = 0
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    response: Payload | None = None


class SocketMode:
    """The app's connections, and what is on its way to it."""

    def __init__(self) -> None:
        self.sockets: list[WebSocket] = []
        self.deliveries: list[Delivery] = []
        self._envelopes: dict[str, Delivery] = {}
        self._connected = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    def send_event(self, event: Payload) -> Delivery:
        """Deliver an Events API event."""
        body = {
            "token": "sandbox", "team_id": TEAM, "api_app_id": APP, "type": "event_callback", "event_id": f"Ev{uuid4().hex[:12].upper()}",
            "event_time": int(time.time()), "event": event, "is_ext_shared_channel": False,
            "authorizations": [{"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}],
        }  # fmt: skip
        return self.send("events_api", body)

    def send(self, kind: str, payload: Payload) -> Delivery:
        """Deliver an envelope of a kind: `events_api`, `slash_commands` or `interactive`."""
        delivery = Delivery(kind, payload)
        self.deliveries.append(delivery)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return delivery

    async def redeliver(self, delivery: Delivery) -> None:
        """Once more, whether or not it was acknowledged: Slack sometimes does."""
        await self._attempt(delivery, "timeout")

    async def serve(self, socket: WebSocket) -> None:
        """One connection of the app, for as long as it lasts."""
        await socket.accept()
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets) + 1, "connection_info": {"app_id": APP}})
        self.sockets.append(socket)
        self._connected.set()
        try:
            while True:
                self._acknowledge(await socket.receive_json())
        except WebSocketDisconnect:
            pass
        finally:
            self.sockets.remove(socket)
            if not self.sockets:
                self._connected.clear()

    async def _deliver(self, delivery: Delivery) -> None:
        """Until acknowledged; commands and clicks are sent once, as Slack does."""
        retries = RETRIES if delivery.kind == "events_api" else 0
        for attempt in range(retries + 1):
            await self._connected.wait()
            await self._attempt(delivery, "timeout" if attempt else "")
            try:
                await asyncio.wait_for(delivery.acknowledged.wait(), PATIENCE)
                return
            except TimeoutError:
                continue

    async def _attempt(self, delivery: Delivery, reason: str) -> None:
        envelope_id = str(uuid4())
        self._envelopes[envelope_id] = delivery
        envelope: dict[str, Any] = {"envelope_id": envelope_id, "type": delivery.kind, "payload": delivery.payload}
        envelope["accepts_response_payload"] = delivery.kind != "events_api"
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": delivery.attempts, "retry_reason": reason}
        delivery.attempts += 1
        with contextlib.suppress(RuntimeError, IndexError, WebSocketDisconnect):  # the app just left: it is tried again
            await self.sockets[-1].send_json(envelope)

    def _acknowledge(self, answer: Payload) -> None:
        delivery = self._envelopes.get(answer.get("envelope_id", ""))
        if delivery:
            delivery.response = answer.get("payload")
            delivery.acknowledged.set()
