"""A bot in this process: the real Bolt app over Socket Mode against a sandbox, with an engine, without workers. Or its queue alone, or its inbox."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from bot import inbox
from bot.answering import Answering
from bot.app import Bot
from bot.events import parse
from bot.sandbox import server
from bot.sandbox.people import Message, Person
from bot.sandbox.workspace import APP_TOKEN, BOT_TOKEN, TEAM
from bot.workspaces import Workspaces
from learning.answers import Answer, Say
from learning.database import Database
from learning.memory import channels
from learning.model.client import Client
from learning.records import Question, Work
from learning.school import School, open_school
from tests.conftest import Running, tiny_settings

BOT = "U0NIGHT"
NOWHERE = "redis://127.0.0.1:9/0"  # jobs wait in their rows


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, shared_engine: Client) -> Iterator[Running]:
    with server.running() as site:
        settings = tiny_settings(
            tmp_path_factory.mktemp("home"), engine_url=shared_engine.url, redis_url=NOWHERE,
            slack_api_url=f"{site}/api/", slack_bot_token=SecretStr(BOT_TOKEN), slack_app_token=SecretStr(APP_TOKEN),
        )  # fmt: skip
        school = open_school(settings)
        started = Bot(school)
        started.start()
        everything = Running(school, None, site)
        everything.ana.wait(lambda: everything.ana.state()["connected"], 60)
        yield everything
        started.stop()


class ScriptedAnswerer:
    """Gives prepared answers, one after the other; a function is called for its answer."""

    def __init__(self, *script: Answer | Callable[[], Answer] | Callable[[Say], Answer]) -> None:
        self.script = list(script)

    def answer(self, question: str, *_: object, say: Say, **__: object) -> Answer:
        following = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(following, Answer):
            return following
        return following(say) if inspect.signature(following).parameters else following()


@pytest.fixture
def ben() -> Iterator[Person]:
    with server.running() as site:
        yield Person(site, "U0BEN", "C0OPS")


@pytest.fixture
def web(ben: Person) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=f"{ben.site}/api/")


@pytest.fixture
def workspaces(school: School, ben: Person) -> Workspaces:
    settings = school.settings.model_copy(update={"slack_api_url": f"{ben.site}/api/", "slack_bot_token": SecretStr(BOT_TOKEN)})
    return Workspaces(settings, school.database)


def ask(school: School, ben: Person, text: str = "what?") -> str:
    ts = ben.say(text)
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        session.add(Question(channel_id=channel.id, ts=ts, author="U0BEN", text=text))
    return ts


def answers_in(ben: Person, ts: str) -> list[Message]:
    return [m for m in ben.messages() if m.get("thread_ts") == ts and "bot_id" in m]


def finished(school: School, state: Work = Work.DONE) -> Callable[[], bool]:
    def look() -> bool:
        with school.database.read() as session:
            return all(question.state == state for question in session.query(Question))

    return look


@pytest.fixture
def answering(school: School, workspaces: Workspaces) -> Iterator[Callable[[ScriptedAnswerer], None]]:
    started: list[Answering] = []

    def start(answerer: ScriptedAnswerer) -> None:
        started.append(Answering(school, workspaces, lambda: answerer))
        started[-1].loop.start()

    yield start
    for one in started:
        one.loop.stop()


def body(event: dict[str, Any], event_id: str = "Ev1") -> dict[str, Any]:
    return {"event_id": event_id, "team_id": "T1", "event": {"channel": "C1", **event}}


def message(text: str, ts: str = "1.0", **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "text": text, "ts": ts, "channel_type": "channel", **more}


def edited(text: str, at: str, ts: str = "1.0") -> dict[str, Any]:
    return {"type": "message", "subtype": "message_changed", "message": message(text, ts) | {"edited": {"ts": at}}, "ts": at}


def take(database: Database, event: dict[str, Any], event_id: str) -> bool:
    parsed = parse(body(event, event_id))
    assert parsed
    return inbox.record(database, parsed, BOT)
