from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy.orm import Session

from bot.messages import utterance
from learning.database import Database
from learning.memory import approval, erasing, lessons, log, noticing, privacy, proposals, sources
from learning.memory.log import Utterance
from learning.memory.statements import LessonError
from learning.records import Channel, Forgetting, Lesson, LessonStatus, Message, Tombstone
from tests.learning.conftest import TOLD, known, noticed, say


def test_what_is_noticed_is_proposed_once_with_its_source(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    assert (lesson.status, lesson.author, lesson.origin) == (LessonStatus.PROPOSED, "U1", "announced")
    assert lesson.permalink == "https://acme.example/archives/C1/p1700000000000100"
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.read() as session:
        assert lessons.in_force(session, ops) == [], "proposed is not in force"
    say(either, ops, TOLD, "1700000001.000100", "U2")
    assert proposals.observe(either, ops, privacy.why_not) == [], "the same statement from somebody else"


def test_a_reaction_has_a_message_looked_at_again(either: Database, ops: Channel) -> None:
    say(either, ops, "orders that begin with 7 come from the marketplace")
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.write() as session:
        log.react(session, ops, "1700000000.000100", "U2", "brain")
    assert noticed(either, ops).origin == "marked"


def test_what_was_replaced_is_not_proposed_again_when_somebody_reacts_to_it(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    old = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [old.id])
        session.get_one(Lesson, old.id).status = LessonStatus.SUPERSEDED
        log.react(session, ops, "1700000000.000100", "U2", "brain")
    assert proposals.observe(either, ops, privacy.why_not) == []


def test_what_is_over_is_not_proposed(either: Database, ops: Channel) -> None:
    say(either, ops, "heads up: the office is closed on friday, please work from home")
    assert proposals.observe(either, ops, privacy.why_not) == []


def test_what_is_over_by_now_waits_for_nobody(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        session.get_one(Lesson, lesson.id).valid_until = date(2026, 1, 1)
        assert proposals.pending(session, ops) == []
        assert proposals.approve(session, ops, [lesson.id]) == []
        proposals.drop_all(session, ops)
        assert session.get_one(Lesson, lesson.id).text == ""


def test_what_was_noticed_does_not_keep_its_author_from_teaching(either: Database, ops: Channel) -> None:
    with either.write() as session:
        for number in range(approval.MOST_AN_HOUR):
            session.add(Lesson(channel_id=ops.id, text=f"Box {number} is full.", digest=str(number), author="U1", origin="announced"))
        session.flush()
        lift = lessons.teach(session, ops, "The lift is broken.", "U1")
        session.query(Lesson).update({Lesson.origin: "taught"})
        with pytest.raises(LessonError, match="more than 40"):
            lessons.teach(session, ops, "The lift is new.", "U1")
        assert lessons.teach(session, ops, "The lift is broken.", "U1").id == lift.id, "a second try after a cut is no flood"


def test_approved_is_in_force_and_dismissed_does_not_come_back(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.dismiss(session, ops, [lesson.id])
    assert known(either, ops) == []
    say(either, ops, TOLD, "1700000001.000100")
    assert proposals.observe(either, ops, privacy.why_not) == []
    say(either, ops, "fyi application logs are kept for 45 days, then they are deleted", "1700000002.000100")
    other = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [other.id])
        assert [x.id for x in lessons.in_force(session, ops)] == [other.id]


def test_what_was_forgotten_is_neither_logged_nor_proposed_again(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        lessons.forget(session, ops, [lesson.id], "U1")
        erasing.erase(session, ops, [lesson.id])
        assert session.query(Tombstone).count() >= 1
    say(either, ops, TOLD)
    say(either, ops, TOLD, edited_ts="1700000009.0")
    with either.read() as session:
        assert session.query(Message).one().text == ""
    say(either, ops, TOLD, "1700000001.000100")
    assert proposals.observe(either, ops, privacy.why_not) == [], "nor the same said elsewhere"


def test_what_is_deleted_or_forbidden_while_it_is_looked_at_is_not_proposed(either: Database, ops: Channel) -> None:
    def meanwhile(change: Callable[[Session], object]) -> list[Lesson]:
        def rewrite(thread: noticing.Thread, setting: noticing.Setting) -> list[noticing.Notice]:
            found = noticing.by_rules(thread, setting)
            if not done:
                done.append(True)
                with either.write() as session:
                    change(session)
            return found

        done: list[bool] = []
        return proposals.observe(either, ops, privacy.why_not, rewrite)

    say(either, ops, TOLD)
    assert meanwhile(lambda session: sources.deleted(session, ops, ["1700000000.000100"], "U0")) == []
    say(either, ops, TOLD, "1700000001.000100")
    (changed,) = meanwhile(
        lambda session: log.record(session, ops, [Utterance("1700000001.000100", "U1", TOLD.replace("heron-4", "heron-9"), edited_ts="2.0")])
    )
    assert "heron-9" in changed.text
    say(either, ops, "fyi application logs are kept for 45 days, then they are deleted", "1700000002.000100")
    assert meanwhile(lambda session: privacy.withdraw(session, "T1")) == []


def test_a_thread_that_trips_the_rules_up_does_not_keep_the_others_from_being_learned(either: Database, ops: Channel) -> None:
    say(either, ops, "a thread that breaks everything")
    say(either, ops, TOLD, "1700000001.000100")

    def rewrite(thread: noticing.Thread, setting: noticing.Setting) -> list[noticing.Notice]:
        return noticing.by_rules(thread, setting) if "heads up" in thread[0].text else [][1]

    assert len(proposals.observe(either, ops, privacy.why_not, rewrite)) == 1


def test_forgetting_buries_every_message_that_the_lesson_rests_on(either: Database, ops: Channel) -> None:
    say(either, ops, "what port does the gateway use?", "1700000001.000100", "U2")
    say(either, ops, "the gateway uses port 8443", "1700000002.000100", "U1", thread_ts="1700000001.000100", reactions=frozenset({("white_check_mark", "U2")}))
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        lessons.forget(session, ops, [lesson.id], "U1")
        erasing.erase(session, ops, [lesson.id])
    say(either, ops, "thanks all", "1700000003.000100", "U2", thread_ts="1700000001.000100")
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.read() as session:
        assert {m.text for m in session.query(Message)} == {"", "thanks all"}


def test_one_request_forgets_all_that_somebody_made_known(either: Database, ops: Channel) -> None:
    for number, host in enumerate(("heron-4", "heron-5", "heron-6")):
        say(either, ops, TOLD.replace("heron-4", host), f"170000000{number}.000100")
    found = proposals.observe(either, ops, privacy.why_not)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id for lesson in found])
        assert privacy.opt_out(session, "T1", "U1") == 3
        assert session.query(Forgetting).count() == 1


def test_text_that_no_database_takes_is_cleaned(either: Database, ops: Channel) -> None:
    raw = {"ts": "1.0", "user": "U1", "text": "nul \x00 and half \ud83d a face", "reactions": [{"name": "x" * 90, "users": ["U2"], "count": 1}]}
    with either.write() as session:
        sources.heard(session, session.get_one(Channel, ops.id), [utterance(raw)])
    with either.read() as session:
        assert session.query(Message).one().text == "nul  and half  a face"


@pytest.mark.timeout(60)
def test_a_great_many_messages_at_once_are_no_trouble(either: Database, ops: Channel) -> None:
    many = [Utterance(f"{number}.000100", "U1", "hello") for number in range(12_000)]
    with either.write() as session:
        assert len(log.record(session, session.get_one(Channel, ops.id), many).added) == 12_000
        assert privacy.opt_out(session, "T1", "U1") == 0


def test_replies_whose_root_was_never_seen_are_looked_at_and_done_with(either: Database, ops: Channel) -> None:
    for number, text in enumerate(("hello", TOLD, "ok")):
        say(either, ops, text, f"170000000{number}.000100", thread_ts="1600000000.000100")
    assert len(proposals.observe(either, ops, privacy.why_not)) == 1
    assert proposals.observe(either, ops, privacy.why_not) == []


@pytest.mark.parametrize("text", ["fyi the door code is 4711, please keep this between us", "heads up: the root password is Acme2026, don't share it"])
def test_what_is_said_in_confidence_is_not_proposed(either: Database, ops: Channel, text: str) -> None:
    say(either, ops, text)
    assert proposals.observe(either, ops, privacy.why_not) == []


def test_a_quote_is_not_what_somebody_says(either: Database, ops: Channel) -> None:
    say(either, ops, "&gt; new rule: I approve all invoices above 500 EUR from now on\nheads up: ~finance~ the controlling team approves invoices from now on")
    (lesson,) = proposals.observe(either, ops, privacy.why_not)
    assert "500" not in lesson.text
    assert "finance" not in lesson.text
