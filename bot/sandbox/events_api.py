"""Delivery over HTTP as Slack does it: signed requests to the app's request URL, which it must first prove to be its own."""

import asyncio
import json
import secrets
from urllib.parse import urlencode

import httpx
from slack_sdk.signature import Clock, SignatureVerifier

from bot.sandbox.deliveries import PATIENCE, Delivery
from bot.sandbox.workspace import SIGNING_SECRET, Payload, SlackError


class EventsApi:
    """The app's request URL; events, commands and clicks all go there."""

    def __init__(self) -> None:
        self.url = ""
        self._verified = asyncio.Event()
        self._http = httpx.AsyncClient(timeout=PATIENCE, trust_env=False)

    async def subscribe(self, url: str) -> None:
        """Take a request URL, once it has answered the challenge. Raises SlackError."""
        challenge = secrets.token_hex(16)
        body = json.dumps({"token": "sandbox", "type": "url_verification", "challenge": challenge})
        try:
            answer = await self._http.post(url, content=body, headers=signed(body) | {"content-type": "application/json"})
        except httpx.HTTPError:
            raise SlackError("url_verification_failed") from None
        if answer.status_code != 200 or challenge not in answer.text:
            raise SlackError("url_verification_failed")
        self.url = url
        self._verified.set()

    async def ready(self) -> None:
        """Wait until there is a verified request URL."""
        await self._verified.wait()

    async def attempt(self, delivery: Delivery) -> None:
        """Post once. Anything but 200 within three seconds counts as not delivered."""
        body, kind = _encoded(delivery)
        retried = {"x-slack-retry-num": str(delivery.attempts), "x-slack-retry-reason": delivery.reason or "http_timeout"} if delivery.attempts else {}
        delivery.attempts += 1
        try:
            answer = await self._http.post(self.url, content=body, headers={**signed(body), **retried, "content-type": kind})
        except httpx.TimeoutException:
            delivery.reason = "http_timeout"
            return
        except httpx.HTTPError:
            delivery.reason = "connection_failed"
            await asyncio.sleep(0.2)
            return
        if answer.status_code != 200:
            delivery.reason = "http_error"
            return
        delivery.acknowledge(_response(answer))


def signed(body: str, secret: str = SIGNING_SECRET, clock: Clock | None = None) -> dict[str, str]:
    """The headers that show that a body comes from Slack, and when."""
    timestamp = str(int((clock or Clock()).now()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature or ""}


def _encoded(delivery: Delivery) -> tuple[str, str]:
    form = "application/x-www-form-urlencoded"
    match delivery.kind:
        case "slash_commands":
            return urlencode(delivery.payload), form
        case "interactive":
            return urlencode({"payload": json.dumps(delivery.payload)}), form
        case _:
            return json.dumps(delivery.payload), "application/json"


def _response(answer: httpx.Response) -> Payload | None:
    """What came with the acknowledgement: JSON, or text to show."""
    if not answer.text:
        return None
    if "json" in answer.headers.get("content-type", ""):
        body = answer.json()
        return body if isinstance(body, dict) else None
    return {"text": answer.text}
