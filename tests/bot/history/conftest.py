"""A channel of the sandbox whose history is read in this process."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from bot import history
from bot.sandbox import server, workspace
from bot.sandbox.people import Person
from learning.memory import channels, privacy
from learning.records import Channel, Message, Reading
from learning.school import School

Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with server.running() as address:
        yield address


@pytest.fixture
def ben(site: str) -> Iterator[Person]:
    """Somebody in a channel of his own making."""
    person = Person(site, "U0BEN", "C0DESIGN")
    yield person
    person.act("faults", refuse={}, fail={}, retry_after=1)
    for message in reversed(person.messages()):
        person.delete(message["ts"])
    for message in person.messages():
        person.delete(message["ts"])


@pytest.fixture
def reader(school: School, site: str) -> School:
    settings = school.settings.model_copy(
        update={"slack_api_url": f"{site}/api/", "slack_bot_token": SecretStr(workspace.BOT_TOKEN), "calls_per_minute": 60_000}
    )
    with school.database.write() as session:
        design = channels.ensure(session, workspace.TEAM, "C0DESIGN", name="design")
        privacy.attest(session, workspace.TEAM, "U0ANA")
        privacy.opt_in(session, design, "U0ANA")
    return School(settings, school.database, school.base)


def ask(reader: School) -> int:
    with reader.database.write() as session:
        return history.ask_for(session, channel(session), "U0ANA")[0].id


def channel(session: Any) -> Channel:
    found: Channel = session.query(Channel).filter_by(slack_id="C0DESIGN").one()
    return found


def read(reader: School) -> Reading:
    done = history.read(reader, ask(reader))
    assert done
    return done


def texts(reader: School) -> list[str]:
    with reader.database.read() as session:
        return [message.text for message in session.query(Message).filter(~Message.is_bot).order_by(Message.ts)]


def progress(ben: Person) -> list[str]:
    return [message["text"] for message in ben.messages() if "read" in message["text"].lower() and "bot_id" in message]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What Slack is asked for, in order."""
    made: Calls = []
    call = WebClient.api_call

    def noted(self: WebClient, api_method: str, **arguments: Any) -> Any:
        made.append((api_method, {**(arguments.get("params") or {}), **(arguments.get("json") or {})}))
        return call(self, api_method, **arguments)

    monkeypatch.setattr(WebClient, "api_call", noted)
    return made
