"""`nightschool demo`: the whole story against the sandbox, printed as a chat, each step checked."""

import contextlib
import functools
import shutil
import socket
import threading
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import SecretStr
from rich.console import Console

from bot import supervisor
from bot.narrator import WIDTH, Narrator
from bot.sandbox import server, workspace
from bot.story import Story
from learning.errors import NightschoolError
from learning.school import School, open_school
from learning.settings import Settings


def play(settings: Settings, *, once: bool, picture: Path | None, port: int) -> bool:
    """Play the story from the start, in a data folder of its own; afterwards stay up, unless `once`. True when every step held."""
    console = Console(record=True, width=WIDTH, highlight=False)
    settings.make_home()
    lock = FileLock(settings.home / "demo.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise NightschoolError("a demo is running already: stop that one first.") from None
    home = settings.home / "demo"
    shutil.rmtree(home, ignore_errors=True)  # the story begins with a bot that knows nothing, also after an interrupted one
    try:
        with server.running(_usable(port)) as site:
            ours = settings.model_copy(update={
                "home": home, "slack_api_url": f"{site}/api/", "redis_url": "", "engine_url": "", "database_url": "", "http_port": 0,
                "slack_bot_token": SecretStr(workspace.BOT_TOKEN), "slack_app_token": SecretStr(workspace.APP_TOKEN),
            })  # fmt: skip
            with console.status("preparing the base model (fetched and converted once) …"):
                school = open_school(ours)
            with supervisor.up(ours, functools.partial(console.print, markup=False)) as set_up:
                return _play(console, school, site, set_up, once, picture)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return False
    finally:
        lock.release()


def _play(console: Console, school: School, site: str, set_up: supervisor.SetUp, once: bool, picture: Path | None) -> bool:
    with console.status("starting Valkey, engine, workers, clock and bot …"):
        set_up.ready()
    with supervisor.tended(set_up):
        narrator = Narrator(console)
        held = Story(narrator, school, site, set_up.redis_url).run()
        if picture:
            narrator.save(picture)
        if once:
            return held
        console.print(f"\n[bold]The bot stays up.[/] Chat with it at [bold cyan]{site}[/], as Ana, Ben or Cleo. Try:")
        console.print("  @nightschool when does the release train leave?   ·   /teach Our mascot is an otter.   ·   /forget otter")
        console.print("Ctrl-C stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        return held


def _usable(port: int) -> int:
    """The port, or a free one when somebody has it."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", port)) == 0 else port
