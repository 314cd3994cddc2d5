"""Answers that are shown while they grow."""

import threading
from collections.abc import Callable

import pytest
from slack_sdk import WebClient

from bot import inbox, replies
from bot.events import parse
from bot.sandbox.people import Person
from bot.sandbox.workspace import BOT_USER, TEAM
from learning.answers import Answer, Say
from learning.model.client import EngineError
from learning.records import Question
from learning.school import School
from tests.bot.conftest import ScriptedAnswerer, answers_in, ask, finished


def test_a_long_answer_is_shown_sentence_by_sentence(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(replies, "AT_ONCE", 0.0)

    def slowly(say: Say) -> Answer:
        say("Tea is a drink.")
        say("Tea is a drink. It is <!here> hot.")
        go_on.wait(30)
        return Answer("what?", "Tea is a drink. It is <!here> hot. So take care.", "general")

    ts = ask(school, ben)
    answering(ScriptedAnswerer(slowly))
    assert ben.wait(lambda: ben.reply(ts)["text"] == "Tea is a drink. It is &lt;!here&gt; hot.")
    with school.database.read() as session:
        assert session.query(Question).one().reply_ts == ben.reply(ts)["ts"], "noted at once: whoever takes over edits it"
    go_on.set()
    assert ben.wait(finished(school))
    assert [m["text"] for m in answers_in(ben, ts)] == ["Tea is a drink. It is &lt;!here&gt; hot. So take care."]
    assert "feedback" in str(ben.reply(ts)["blocks"])
    assert ben.state()["statuses"][0]["status"] == "active"


def test_a_stream_that_slack_closed_is_completed_by_an_edit(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "AT_ONCE", 0.0)

    def slowly(say: Say) -> Answer:
        say("Tea is a drink.")
        ben.act("expire_streams")
        say("Tea is a drink. It is hot.")
        return Answer("what?", "Tea is a drink. It is hot. So take care.", "general")

    ts = ask(school, ben)
    answering(ScriptedAnswerer(slowly))
    assert ben.wait(finished(school))
    assert [m["text"] for m in answers_in(ben, ts)] == ["Tea is a drink. It is hot. So take care."]


def test_a_crash_while_an_answer_grows_leaves_one_answer(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "AT_ONCE", 0.0)

    def crashing(say: Say) -> Answer:
        say("Tea is a drink.")
        raise EngineError("gone")

    ts = ask(school, ben)
    answering(ScriptedAnswerer(crashing, Answer("what?", "Tea is a drink. It is hot.", "general")))
    assert ben.wait(finished(school))
    assert [m["text"] for m in answers_in(ben, ts)] == ["Tea is a drink. It is hot."]


def test_an_answer_can_be_stopped(
    school: School, ben: Person, web: WebClient, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "AT_ONCE", 0.0)

    def stopped(say: Say) -> Answer:
        say("Tea is a drink.")
        ben.act("stop", user="U0BEN", channel="C0OPS", thread_ts=ts)
        event = {"type": "agent_session_stopped", "channel": "C0OPS", "thread_ts": ts, "user": "U0BEN", "streaming_message_ts": []}
        told = parse({"event": event, "event_id": "Ev1", "team_id": TEAM})
        assert told
        inbox.record(school.database, told, BOT_USER)
        say("Tea is a drink. It is hot.")
        raise AssertionError("it went on")

    ts = ask(school, ben)
    answering(ScriptedAnswerer(stopped))
    assert ben.wait(finished(school))
    assert ben.wait(lambda: ben.state()["statuses"][0]["status"] == "active")
    assert [m["text"] for m in answers_in(ben, ts)] == ["Tea is a drink."]
