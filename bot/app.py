"""The bot's process: wiring only. Bolt over Socket Mode or HTTP.

python -m bot.app
"""

import signal
import threading
from collections.abc import Callable
from functools import lru_cache

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult

from bot import checks, listeners, logs, transport
from bot.answering import Answering
from bot.desk import Desk
from bot.directory import Directory
from bot.noting import Noting
from bot.outbox import Outbox
from bot.workspaces import Workspaces
from learning import lifeline
from learning.answers import Answerer
from learning.errors import NightschoolError
from learning.model import running
from learning.model.client import Client, EngineError
from learning.school import School, open_school
from learning.settings import Settings


class Bot:
    """A connected bot: transport, question queue, what is taught by many lines, outbox, and the directory of channels and people."""

    def __init__(self, school: School) -> None:
        self.school, settings = school, school.settings
        workspaces = Workspaces(settings, school.database)
        own = workspaces.own  # asked now: a token that Slack refuses is told of at the start
        # Listeners run before the acknowledgement is sent, so that what they record is safe when Slack stops delivering it.
        app = App(
            client=workspaces.client(str(own.team_id)), authorize=_authorizing(workspaces),
            signing_secret=settings.slack_signing_secret.get_secret_value() or None,
            process_before_response=True, ignoring_self_events_enabled=False,
        )  # fmt: skip
        transport.refuse_strangers(app, workspaces)
        answering = Answering(school, workspaces, lambda: Answerer(_engine(settings), school.speaker))
        directory, noting = Directory(school.database, workspaces), Noting(school.database, workspaces)
        self.loops = [answering.loop, noting.loop, Outbox(school.database, workspaces).loop, directory.loop]
        self.desk = Desk(school, answering.loop, directory.loop, noting.loop, settings.redis_url, workspaces)
        listeners.register(app, self.desk)
        self.transport = transport.of(app, settings, workspaces.client(str(own.team_id)))

    def start(self) -> None:
        """Connect, and answer what was left waiting."""
        for loop in self.loops:
            loop.start()
        self.transport.start()
        threading.Thread(target=self.school.warm_up, name="warm-up", daemon=True).start()

    def stop(self) -> None:
        """Disconnect; what is unfinished is kept for the next start."""
        self.transport.stop()
        for loop in self.loops:
            loop.end()
        for loop in self.loops:
            loop.stop()


def _authorizing(workspaces: Workspaces) -> Callable[..., AuthorizeResult]:
    """Bolt gives what the parameters are named for."""

    def authorize(team_id: str | None) -> AuthorizeResult:
        return workspaces.authorize(team_id)

    return authorize


def _engine(settings: Settings) -> Client:
    """The engine's address changes when it is restarted: looked up for each answer. Raises EngineError while there is none."""
    url = settings.engine_url or running.announced(settings)
    if not url:
        raise EngineError("no engine is running yet")
    return _client(url)


_client = lru_cache(maxsize=2)(Client)


def main() -> None:
    """Run until told to stop."""
    lifeline.hold()
    logs.begin()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    settings = Settings()
    try:
        checks.assert_tokens(settings)
        bot = Bot(open_school(settings))
    except NightschoolError as error:
        raise SystemExit(f"nightschool: {error}") from None
    try:
        bot.start()
    except NightschoolError as error:
        raise SystemExit(f"nightschool: {error}") from None
    over.wait()
    bot.stop()


if __name__ == "__main__":
    main()
