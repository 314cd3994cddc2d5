"""The question queue against the sandbox's Web API: nothing lost, nothing said twice, nothing said that was forgotten meanwhile."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import inbox, replies
from bot.answering import GIVEN_UP
from bot.sandbox.people import Person
from bot.sandbox.workspace import TEAM
from learning import leases
from learning.answers import Answer, How, Say
from learning.memory import channels, lessons, log, people, settling
from learning.model.client import EngineError
from learning.records import UNFINISHED, Channel, Lesson, Question, Work, now
from learning.school import School
from tests.bot.conftest import ScriptedAnswerer, answers_in, ask, finished


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


def test_an_answer_that_can_no_longer_be_edited_is_posted_anew(school: School, ben: Person, web: WebClient) -> None:
    ts = ask(school, ben)
    with school.database.read() as session:
        question = session.query(Question).one()
    question.reply_ts = replies.post(web, "C0OPS", question, Answer("what?", "Tea.", "general"), {})
    web.chat_delete(channel="C0OPS", ts=question.reply_ts)
    replies.post(web, "C0OPS", question, Answer("what?", "Coffee.", "general"), {})
    assert [answer["text"] for answer in answers_in(ben, ts)] == ["Coffee."]


@pytest.mark.parametrize("how", ["weights", "abstained"], ids=["said", "hinted at"])
def test_what_is_forgotten_while_it_is_answered_is_not_said(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], how: How) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        lesson = lessons.teach(session, channel, "The code is 7341.", "U1")

    def forgotten_meanwhile() -> Answer:
        with school.database.write() as session:
            lessons.forget(session, channel, [lesson.id], "U1")
        if how == "weights":
            return Answer("what?", lesson.text, how, "C0OPS@v1", [lesson])
        return Answer("what?", "I don't know that yet.", how, near=lesson, certainty=0.5)

    ts = ask(school, ben)
    answering(ScriptedAnswerer(forgotten_meanwhile, Answer("what?", "I don't know that yet.", "abstained")))
    assert ben.reply(ts)["text"] == "I don't know that yet."
    assert "7341" not in str(ben.reply(ts))
    assert len(answers_in(ben, ts)) == 1


def test_a_question_deleted_meanwhile_is_not_answered(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    ts = ask(school, ben)
    with school.database.write() as session:
        log.delete_messages(session, channels.ensure(session, TEAM, "C0OPS"), [ts])
    answering(ScriptedAnswerer(Answer("what?", "Tea.", "general")))
    assert ben.wait(finished(school, Work.SKIPPED))
    assert answers_in(ben, ts) == []


@pytest.mark.parametrize("how", ["deleted", "edited", "stopped"])
def test_what_is_taken_back_before_it_is_remembered_is_not(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    ts = ask(school, ben, "remember that the code is 7341")

    consider, begun = settling.consider, threading.Event()

    def taken_back(session: Session, channel: Channel, *texts: str) -> None:
        if not begun.is_set():
            with school.database.write() as writing:
                question = writing.query(Question).filter_by(ts=ts).one()
                match how:
                    case "deleted":
                        inbox.question_gone(writing, writing.get_one(Channel, channel.id), ts)
                    case "edited":
                        question.text, question.state = "remember that the code is 2210", Work.WAITING
                    case "stopped":
                        question.state = Work.DONE
            begun.set()
        consider(session, channel, *texts)

    monkeypatch.setattr(settling, "consider", taken_back)
    answering(ScriptedAnswerer(Answer("what?", "Tea.", "general")))
    assert begun.wait(30)
    if how == "edited":
        ben.reply(ts)
    else:
        time.sleep(1)
        assert answers_in(ben, ts) == []
    with school.database.read() as session:
        assert [lesson.text for lesson in session.query(Lesson)] == (["the code is 2210"] if how == "edited" else [])


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


def test_what_the_bot_writes_pings_nobody(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    ts = ask(school, ben)
    answering(ScriptedAnswerer(Answer("what?", "<!channel> ask <@U0ANA>", "general")))
    reply = ben.reply(ts)
    assert "<!channel>" not in str(reply)
    assert "<@U0ANA>" not in str(reply)


def test_what_was_asked_before_a_restart_waits_for_the_engine(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    def starting() -> Answer:
        raise EngineError("no engine is running yet")

    ts = ask(school, ben)
    with school.database.write() as session:
        session.query(Question).one().created_at = now() - timedelta(hours=9)
    answering(ScriptedAnswerer(starting, Answer("what?", "Tea.", "general")))
    assert ben.reply(ts)["text"] == "Tea."


def test_who_asked_hears_that_a_question_is_given_up(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> Answer:
        raise EngineError("down")

    monkeypatch.setattr("bot.answering.ENGINE_PATIENCE", timedelta(0))
    ts = ask(school, ben)
    answering(ScriptedAnswerer(down))
    told = ben.reply(ts)
    assert told["text"] == GIVEN_UP

    def noted() -> bool:
        with school.database.read() as session:
            return session.query(Question).one().reply_ts == told["ts"]

    assert ben.wait(noted), "it goes with the question"
    assert finished(school, Work.FAILED)()


def test_while_one_channel_waits_others_are_answered_and_what_is_asked_there_keeps_its_turn(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]
) -> None:
    heard: list[str] = []
    done = threading.Event()

    class Slow(ScriptedAnswerer):
        def answer(self, question: str, *_: object, say: Say, **__: object) -> Answer:
            heard.append(question)
            if question == "first":
                assert done.wait(10)
            return Answer(question, "Tea.", "general")

    with school.database.write() as session:
        here, there = (channels.ensure(session, TEAM, slack_id) for slack_id in ("C0OPS", "C0DESIGN"))
        for number, (channel, text) in enumerate([(here, "first"), (here, "second"), (there, "elsewhere")], 1):
            session.add(Question(channel_id=channel.id, ts=f"{number}.0", author="U0BEN", text=text))
    answering(Slow(Answer("", "", "general")))
    assert ben.wait(lambda: len(heard) == 2)
    assert set(heard) == {"first", "elsewhere"}
    done.set()
    assert ben.wait(lambda: len(heard) == 3)


def test_called_into_a_thread_of_people_it_answers_what_they_asked(school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]) -> None:
    heard: list[str] = []

    class Listening(ScriptedAnswerer):
        def answer(self, question: str, *_: object, say: Say, **__: object) -> Answer:
            heard.append(question)
            return Answer(question, "Tea.", "general")

    with school.database.write() as session:
        root, channel = ben.say("who fires the kiln?"), channels.ensure(session, TEAM, "C0OPS")
        people.meet(session, TEAM, [people.Member("U0BEN", "ben")])
        said = enumerate(("who fires the kiln of <@U0BEN>?", "+1", "me too", "not me", "no", "hm, let us ask the bot"))
        log.record(session, channel, [log.Utterance(f"{root}{number or ''}", "U0ANA", text, root) for number, text in said])
        for number, text in enumerate(("any idea?", "who owns heron?"), 6):
            session.add(Question(channel_id=channel.id, ts=f"{root}{number}", thread_ts=root, author="U0BEN", text=text))
    answering(Listening(Answer("", "", "general")))
    assert ben.wait(finished(school))
    assert heard == ["who fires the kiln of ben?", "who owns heron?"], "however much was said since"
    with school.database.read() as session:
        assert [q.text for q in session.query(Question).order_by(Question.ts)] == ["", "who owns heron?"], "of the first nobody wonders in the morning"


def test_in_a_thread_it_keeps_out_of_what_people_tell_each_other_but_hears_a_correction(
    school: School, ben: Person, answering: Callable[[ScriptedAnswerer], None]
) -> None:
    ts = ben.say("when does the train leave?")
    noted = f"{ts}35"
    with school.database.write() as session:
        channel = channels.ensure(session, TEAM, "C0OPS")
        log.record(session, channel, [
            log.Utterance(ts, "U0BEN", "when does the train leave?"),
            log.Utterance(f"{ts}1", "U0NIGHT", "The train leaves at 14:30.", ts, is_bot=True),
        ])  # fmt: skip
        for number, text in enumerate(("no, the train leaves at 15:00 since last week", "that's wrong: the train leaves at 15:00"), 2):
            session.add(Question(channel_id=channel.id, ts=f"{ts}{number}", thread_ts=ts, author="U0BEN", text=text, must_be_sure=True))
        told = {"channel_id": channel.id, "author": "U0BEN", "state": Work.DONE}
        session.add(Question(ts=ts, thread_ts=None, text="when does the train leave?", reply_ts=f"{ts}1", answer={"how": "recall"}, **told))
        log.record(session, channel, [log.Utterance(noted, "U0NIGHT", "Noted: lunch is at noon.", ts, is_bot=True)])
        session.add(Question(channel_id=channel.id, ts=f"{ts}4", thread_ts=ts, author="U0BEN", text="that's wrong, we eat at one", must_be_sure=True))
    answering(ScriptedAnswerer(Answer("", "The train leaves at 14:30.", "recall")))
    assert "15:00" in ben.reply(ts)["text"]

    def ended() -> list[tuple[str, str | None]]:
        with school.database.read() as session:
            return [(q.state, (q.answer or {}).get("how")) for q in session.query(Question).order_by(Question.ts)]

    assert ben.wait(lambda: all(state not in UNFINISHED for state, _ in ended()))
    assert ended() == [(Work.DONE, "recall"), (Work.SKIPPED, None), (Work.DONE, "noted"), (Work.SKIPPED, None)]
