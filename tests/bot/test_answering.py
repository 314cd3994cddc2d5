"""The question queue against the sandbox's Web API: nothing lost, nothing said twice, nothing said that was forgotten meanwhile."""

import inspect
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from bot import inbox, replies
from bot.answering import Answering
from bot.events import parse
from bot.outbox import Outbox
from bot.sandbox import server
from bot.sandbox.people import Message, Person
from bot.sandbox.workspace import BOT_TOKEN, BOT_USER, TEAM
from bot.workspaces import Workspaces
from learning import leases
from learning.answers import Answer, Say
from learning.memory import channels, lessons, log, notes
from learning.model.client import EngineError
from learning.records import Announcement, Lesson, Question, Work, now
from learning.school import School


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
        started.append(Answering(school, workspaces, lambda: answerer))  # type: ignore[arg-type,return-value]
        started[-1].loop.start()

    yield start
    for one in started:
        one.loop.stop()


def test_an_engine_that_is_down_delays_the_answer(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    def down() -> Answer:
        raise EngineError("down")

    ts = ask(school, ben)
    answering(ScriptedAnswerer(down, Answer("what?", "Tea.", "general")))
    assert ben.reply(ts)["text"] == "Tea."
    assert ben.wait(finished(school))
    assert len(answers_in(ben, ts)) == 1


def test_an_answer_posted_before_a_crash_is_found_and_not_posted_again(
    school: School, ben: Person, web: WebClient, answering: Callable[[ScriptedAnswerer], None]
) -> None:
    ts, tea = ask(school, ben), Answer("what?", "Tea.", "general")
    with school.database.write() as session:
        question = leases.claim(session, Question, 30)
        assert question
        question.attempts = 1
    replies.post(web, "C0OPS", question, tea, {})
    with school.database.write() as session:  # the process died here; its lease ran out
        session.get_one(Question, question.id).lease_until = now() - timedelta(seconds=1)
    answering(ScriptedAnswerer(tea))
    assert ben.wait(finished(school))
    assert len(answers_in(ben, ts)) == 1


def test_what_is_forgotten_while_it_is_answered_is_not_said(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        lesson = lessons.teach(session, channel, "The code is 7341.", "U1")

    def forgotten_meanwhile() -> Answer:
        with school.database.write() as session:
            lessons.forget(session, channel, [lesson.id], "U1")
        return Answer("what?", lesson.text, "weights", "C0OPS@v1", [lesson])

    ts = ask(school, ben)
    answering(ScriptedAnswerer(forgotten_meanwhile, Answer("what?", "I don't know that yet.", "abstained")))
    assert ben.reply(ts)["text"] == "I don't know that yet."
    assert len(answers_in(ben, ts)) == 1


def test_a_question_deleted_meanwhile_is_not_answered(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    ts = ask(school, ben)
    with school.database.write() as session:
        log.delete_message(session, channels.ensure(session, TEAM, "C0OPS"), ts)
    answering(ScriptedAnswerer(Answer("what?", "Tea.", "general")))
    assert ben.wait(finished(school, Work.SKIPPED))
    assert answers_in(ben, ts) == []


def test_that_it_is_thinking_is_shown_until_it_answers(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    go_on = threading.Event()

    def slowly() -> Answer:
        go_on.wait(30)
        return Answer("what?", "Tea.", "general")

    ts = ask(school, ben)
    answering(ScriptedAnswerer(slowly))
    assert ben.wait(lambda: ben.state()["statuses"]) == [{"channel": "C0OPS", "thread_ts": ts, "status": "processing"}]
    go_on.set()
    assert ben.reply(ts)["text"] == "Tea."
    assert ben.wait(lambda: ben.state()["statuses"][0]["status"] == "active")


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


def test_very_long_answers_roll_over_into_a_second_message(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "AT_ONCE", 0.0)
    sentence = "Tea is good. " * 200
    grown = [sentence * n for n in range(1, 6)]

    def at_length(say: Say) -> Answer:
        for text in grown:
            say(text)
        return Answer("what?", f"{grown[-1]}Enough.", "general")

    ts = ask(school, ben)
    answering(ScriptedAnswerer(at_length))
    assert ben.wait(finished(school))
    said = [m["text"] for m in answers_in(ben, ts)]
    assert len(said) == 2
    assert "".join(said) == f"{grown[-1]}Enough."


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


def test_what_the_bot_writes_pings_nobody(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    ts = ask(school, ben)
    answering(ScriptedAnswerer(Answer("what?", "<!channel> ask <@U0ANA>", "general")))
    reply = ben.reply(ts)
    assert "<!channel>" not in str(reply)
    assert "<@U0ANA>" not in str(reply)


def test_a_note_about_a_lesson_forgotten_before_it_was_posted_is_redacted(school: School, ben: Person, workspaces: Workspaces) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        lesson = lessons.teach(session, channel, "The code is 7341.", "U0BEN")
        notes.note_taught(session, lesson)
        session.flush()
        lessons.forget(session, channel, [lesson.id], "U0BEN")
    outbox = Outbox(school.database, workspaces)
    outbox.loop.start()

    def redacted() -> bool:
        with school.database.read() as session:
            return session.query(Announcement).filter_by(state=Work.DONE).count() == 2

    assert ben.wait(redacted)
    outbox.loop.stop()
    assert "7341" not in str(ben.messages())
    with school.database.read() as session:
        assert session.query(Lesson).one().permalink is None
