"""The bot's process: wiring only. Bolt over Socket Mode.

python -m bot.app
"""

import logging
import signal
import threading
from functools import lru_cache

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot import listeners
from bot.answering import Answering
from bot.desk import Desk
from bot.outbox import Outbox
from learning import lifeline
from learning.answers import Answerer
from learning.errors import NightschoolError
from learning.model import running
from learning.model.client import Client, EngineError
from learning.school import School, open_school
from learning.settings import Settings


class Bot:
    """A connected bot: Socket Mode, question queue and outbox."""

    def __init__(self, school: School) -> None:
        settings = school.settings
        if not (settings.slack_bot_token.get_secret_value() and settings.slack_app_token.get_secret_value()):
            raise NightschoolError("no Slack tokens: `nightschool doctor` says which.")
        web = WebClient(settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url)
        try:
            me = web.auth_test()["user_id"]
        except (SlackClientError, OSError) as error:
            raise NightschoolError(f"Slack refused the bot token, or does not answer ({error}): check NIGHTSCHOOL_SLACK_BOT_TOKEN.") from None
        # Listeners run before the acknowledgement is sent, so that what they record is safe when Slack stops delivering it.
        app = App(client=web, process_before_response=True, ignoring_self_events_enabled=False)
        self.answering = Answering(school, web, me, lambda: Answerer(_engine(settings), school.speaker))
        self.outbox = Outbox(school.database, web)
        listeners.register(app, Desk(school, self.answering, settings.redis_url, me))
        self.socket = SocketModeHandler(app, settings.slack_app_token.get_secret_value(), web_client=web)

    def start(self) -> None:
        """Connect, and answer what was left waiting."""
        self.answering.start()
        self.outbox.start()
        self.socket.connect()  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """Disconnect; what is unfinished is kept for the next start."""
        self.socket.close()  # type: ignore[no-untyped-call]
        self.answering.stop()
        self.outbox.stop()


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
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    try:
        bot = Bot(open_school(Settings()))
    except NightschoolError as error:
        raise SystemExit(f"nightschool: {error}") from None
    bot.start()
    over.wait()
    bot.stop()


if __name__ == "__main__":
    main()
