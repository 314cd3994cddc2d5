"""The sandbox as a server on localhost, in a thread of the process that wants one."""

import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from bot.sandbox.control import Control, token_of
from bot.sandbox.deliveries import Deliveries
from bot.sandbox.faults import Faults
from bot.sandbox.lifecycle import Lifecycle
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.web_api import WebApi
from bot.sandbox.workspace import TEAM, Payload, SlackError, Workspace
from learning.errors import NightschoolError

PAGE = Path(__file__).parent / "page.html"


CONTROL = (
    "post",
    "edit",
    "delete",
    "react",
    "command",
    "click",
    "open_home",
    "look_at",
    "click_home",
    "shortcut",
    "submit",
    "close",
    "redeliver",
    "acks",
    "subscribe",
    "faults",
    "drop_sockets",
    "state",
)
LIFECYCLE = ("rename", "archive", "renumber", "remove", "share", "kick", "invite", "uninstall", "change_user")
Action = Callable[..., Awaitable[Payload]]


class World:
    """One workspace with what acts on it: the app by the Web API, people by the control API."""

    def __init__(self, workspace: Workspace, deliveries: Deliveries, sockets: SocketMode, site: str) -> None:
        self.workspace = workspace
        self.api, self.control, lifecycle = WebApi(workspace, lambda: site), Control(workspace, deliveries, sockets), Lifecycle(workspace)
        self.control.site = site
        self.actions: dict[str, Action] = {name: getattr(self.control, name) for name in CONTROL} | {name: getattr(lifecycle, name) for name in LIFECYCLE}
        self.actions |= {"expire_streams": self._expire_streams, "stop": self._stop}

    async def _expire_streams(self) -> Payload:
        return {"expired": self.api.chat.expire_streams()}

    async def _stop(self, user: str, channel: str, thread_ts: str) -> Payload:
        return self.api.chat.stop_session(channel, thread_ts, user)


def application(site: str) -> Starlette:
    """A new, empty workspace, served under `site`."""
    sockets, faults = SocketMode(), Faults()
    deliveries = Deliveries(sockets, faults)
    worlds: dict[str, World] = {}

    async def found(team: str, token: str) -> Payload:
        """The app is installed in another workspace, too; people and channels have the same ids there."""
        worlds[team] = World(Workspace(partial(deliveries.send_event, team), team, token), deliveries, sockets, site)
        return {"team": team}

    worlds[TEAM] = World(Workspace(partial(deliveries.send_event, TEAM)), deliveries, sockets, site)

    async def call(request: Request) -> Response:
        method = request.path_params["method"]
        if faults.refused(method):
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(faults.retry_after)})
        if faults.failed(method):
            return Response("something went wrong", 500)
        try:
            arguments = await _arguments(request)
        except SlackError as error:
            return JSONResponse({"ok": False, "error": error.name})
        token = token_of(request.headers, arguments)
        world = next((world for world in worlds.values() if world.workspace.token == token), worlds[TEAM])
        return JSONResponse(world.api.call(method, token, arguments))

    async def act(request: Request) -> Response:
        told = await request.json()
        name, team = request.path_params["action"], told.pop("at", TEAM)
        action = found if name == "found" else worlds[team].actions.get(name)
        if action is None:
            return JSONResponse({"ok": False, "error": "unknown_action"}, 404)
        try:
            return JSONResponse({"ok": True, **await action(**told)})
        except SlackError as error:
            return JSONResponse({"ok": False, "error": error.name}, 400)
        except TypeError as error:
            return JSONResponse({"ok": False, "error": str(error)}, 400)

    async def hook(request: Request) -> Response:
        try:
            world = worlds.get(request.path_params["team"], worlds[TEAM])
            world.control.hooked(request.path_params["key"], await request.json())
        except SlackError as error:
            return JSONResponse({"ok": False, "error": error.name}, 404)
        return Response("ok")

    async def page(_: Request) -> Response:
        return FileResponse(PAGE)

    async def archive(request: Request) -> Response:
        return RedirectResponse(f"/#{request.path_params['channel']}/{request.path_params['message']}")

    return Starlette(
        routes=[
            Route("/", page), Route("/archives/{channel}/{message}", archive), Route("/api/{method}", call, methods=["GET", "POST"]),
            Route("/control/{action}", act, methods=["POST"]), Route("/hooks/{team}/{key}", hook, methods=["POST"]),
            WebSocketRoute("/link", sockets.serve),
        ]
    )  # fmt: skip


@contextmanager
def running(port: int = 0) -> Iterator[str]:
    """A sandbox for the length of a `with`; yields its address."""
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        raise NightschoolError(f"port {port} cannot be had ({error}): choose another with --port.") from None
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(application(site), log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), name="sandbox", daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join(timeout=5)


async def _arguments(request: Request) -> dict[str, Any]:
    """A call's arguments: of the query, a form, or JSON. Raises SlackError."""
    arguments: dict[str, Any] = dict(request.query_params)
    body = (await request.body()).decode()
    if body and request.headers.get("content-type", "").startswith("application/json"):
        try:
            sent = json.loads(body)
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(sent, dict):
            raise SlackError("json_not_object")
        return arguments | sent
    return arguments | dict(parse_qsl(body, keep_blank_values=True))
