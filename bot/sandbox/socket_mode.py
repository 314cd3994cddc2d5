"""Socket Mode as Slack speaks it: envelopes and acknowledgements over WebSockets that the app dials."""

import asyncio
import contextlib
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.deliveries import Delivery
from bot.sandbox.workspace import APP


class SocketMode:
    """The app's connections."""

    def __init__(self) -> None:
        self.sockets: list[WebSocket] = []
        self._envelopes: dict[str, Delivery] = {}
        self._connected = asyncio.Event()

    async def ready(self) -> None:
        """Wait until the app has dialled in."""
        await self._connected.wait()

    async def attempt(self, delivery: Delivery) -> None:
        """Send an envelope over the newest connection."""
        envelope_id = str(uuid4())
        self._envelopes[envelope_id] = delivery
        envelope: dict[str, Any] = {"envelope_id": envelope_id, "type": delivery.kind, "payload": delivery.payload}
        envelope["accepts_response_payload"] = delivery.kind != "events_api"
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": delivery.attempts, "retry_reason": delivery.reason}
        delivery.attempts += 1
        with contextlib.suppress(RuntimeError, IndexError, WebSocketDisconnect):  # the app just left: it is tried again
            await self.sockets[-1].send_json(envelope)

    async def serve(self, socket: WebSocket) -> None:
        """One connection of the app, for as long as it lasts."""
        await socket.accept()
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets) + 1, "connection_info": {"app_id": APP}})
        self.sockets.append(socket)
        self._connected.set()
        try:
            while True:
                answer = await socket.receive_json()
                delivery = self._envelopes.get(answer.get("envelope_id", ""))
                if delivery:
                    delivery.acknowledge(answer.get("payload"))
        except (WebSocketDisconnect, RuntimeError):
            pass  # the app left, or was dropped
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
            if not self.sockets:
                self._connected.clear()

    async def drop(self) -> int:
        """Break all connections, as Slack does now and then; how many there were."""
        dropped = list(self.sockets)
        self.sockets.clear()
        self._connected.clear()
        for socket in dropped:
            with contextlib.suppress(RuntimeError):
                await socket.close(1011)
        return len(dropped)
