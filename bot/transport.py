"""How Slack reaches the bot: over WebSockets that the bot dials (Socket Mode), or by signed HTTP requests."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import parse_qsl

import uvicorn
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from slack_bolt.request.internals import build_context
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.workspaces import Workspaces
from learning.errors import NightschoolError
from learning.settings import Settings

logger = logging.getLogger(__name__)

PATH = "/slack/events"  # events, commands and clicks: one URL for all
LONGEST = 1024 * 1024  # bytes of a request


class Transport(Protocol):
    """A way in."""

    def start(self) -> None:
        """Begin to take what Slack sends."""

    def stop(self) -> None:
        """No more."""


class Sockets:
    """Socket Mode; the SDK reconnects by itself."""

    def __init__(self, app: App, settings: Settings, web: WebClient) -> None:
        self._handler = SocketModeHandler(app, settings.slack_app_token.get_secret_value(), web_client=web)

    def start(self) -> None:
        """Dial in."""
        self._handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped

    def stop(self) -> None:
        """Hang up."""
        self._handler.close()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped


class Requests:
    """Signed HTTP requests. Bolt checks signature and age, and answers the challenge; it is called off the event loop, since listeners write first."""

    def __init__(self, app: App, settings: Settings) -> None:
        async def take(request: Request) -> Response:
            if not request.headers.get("x-slack-request-timestamp", "").isdecimal():  # the SDK's verifier trips over one that is none
                return Response(status_code=401)
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > LONGEST:
                    return Response(status_code=413)
            try:
                asked = to_bolt_request(request, body)
            except ValueError:  # neither UTF-8 nor JSON
                return Response(status_code=400)
            if not asked.body:  # Bolt takes any form that holds the word "payload" for one with a field of that name
                asked.body = dict(parse_qsl(asked.raw_body, keep_blank_values=True))
                asked.context = build_context(asked.context, asked.body)
            return to_starlette_response(await run_in_threadpool(app.dispatch, asked))

        async def healthy(_: Request) -> Response:
            return Response("ok")

        routes = [Route(PATH, take, methods=["POST"]), Route("/health", healthy)]
        listening = uvicorn.Config(Starlette(routes=routes), host=settings.http_host, port=settings.http_port, log_level="warning", timeout_graceful_shutdown=3)
        self._server = uvicorn.Server(listening)
        self._thread = threading.Thread(target=self._listen, name="http", daemon=True)

    def start(self) -> None:
        """Listen. Raises NightschoolError when the port cannot be had."""
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise NightschoolError(f"port {self._server.config.port} cannot be listened on: another program has it, or it is not allowed; choose another.")
            time.sleep(0.05)

    def _listen(self) -> None:
        with contextlib.suppress(SystemExit):  # uvicorn's way of saying that it cannot; `start` sees that the thread has ended
            self._server.run()

    def stop(self) -> None:
        """Finish the requests at hand, and stop listening."""
        self._server.should_exit = True
        self._thread.join(timeout=5)


def of(app: App, settings: Settings, web: WebClient) -> Transport:
    """The way in that the settings name."""
    return Requests(app, settings) if settings.http_port else Sockets(app, settings, web)


def refuse_strangers(app: App, workspaces: Workspaces) -> None:
    """Turn away what does not come from a workspace, or an organisation, that the app is installed in."""

    def known(body: dict[str, Any]) -> bool:
        installed = (body.get("authorizations") or [{}])[0]  # the outer ids of an event may be another organisation's that shares the channel
        places = [installed.get("team_id"), installed.get("enterprise_id")] if installed else []
        places = places or [body.get(name) or body.get(f"{name}_id") for name in ("team", "enterprise")]
        places += [(body.get("view") or {}).get("app_installed_team_id")]  # a window that somebody of another organisation sends back names only this as ours
        ids = {place["id"] if isinstance(place, dict) else place for place in places if place}
        return workspaces.knows(*ids) or body.get("type") in ("url_verification", "ssl_check")

    @app.middleware
    def check(req: BoltRequest, next: Callable[[], BoltResponse | None]) -> BoltResponse | None:  # Bolt hands arguments over by name
        if not known(req.body):
            logger.warning("refused a request of another workspace")
            return BoltResponse(status=403, body="not this workspace")
        return next()
