"""What may be learned, from whom, and who may say so."""

import pytest
from sqlalchemy.orm import Session

from learning.database import Database
from learning.memory import approval, channels, lessons, log, people, privacy, proposals
from learning.memory.asked import confirmed_questions
from learning.memory.people import Member
from learning.records import Channel, Lesson, LessonStatus, StudyItemRecord, now
from tests.learning.conftest import opted_in, say
from tests.learning.test_morning import ask, night


@pytest.fixture
def room(session: Session) -> Channel:
    return channels.ensure(session, "T1", "C1", name="ops")


def test_opting_out_takes_along_what_was_studied_of_ones_questions(session: Session, room: Channel) -> None:
    asked = ask(session, room, "Who has the key?", answer={"how": "recall"})
    session.add(StudyItemRecord(night_id=night(session, room).id, question=asked.text, answer="Mia.", strategy="asked_by_people", lessons=[]))
    privacy.opt_out(session, "T1", "U2")
    session.flush()
    assert session.query(StudyItemRecord).count() == 0


def test_who_agrees_again_opts_channels_in_anew(session: Session) -> None:
    ops = opted_in(session)
    privacy.withdraw(session, "T1")
    privacy.attest(session, "T1", "U0")
    session.flush()
    assert privacy.why_not(session, ops) == "this channel is not opted in"


def test_who_opted_out_before_they_were_known_stays_out(either: Database) -> None:
    with either.write() as session:
        privacy.opt_out(session, "T1", "U1")
        people.meet(session, "T1", [Member("U1", "Ana")])
        ops = channels.ensure(session, "T1", "C1")
        assert log.out_of(session, ops, ["U1"]) == {"U1"}


def test_a_question_from_before_consent_makes_no_lesson_of_its_answer(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
    root = "1700000001.000100"
    say(either, ops, "what port does the gateway use?", root, "U2")
    with either.write() as session:
        opted_in(session)
    say(either, ops, "the gateway uses port 8443", "1700000002.000100", "U1", thread_ts=root, reactions=frozenset({("white_check_mark", "U2")}))
    assert proposals.observe(either, ops, privacy.why_not) == []


def test_nothing_is_learned_in_an_archived_channel(either: Database, ops: Channel) -> None:
    with either.write() as session:
        room = session.get_one(Channel, ops.id)
        room.archived_at = now()
        assert "archived" in privacy.why_not(session, room)


def test_what_was_noticed_where_lessons_are_reviewed_is_for_admins(session: Session, room: Channel) -> None:
    room.approval = "reviewed"
    noticed = Lesson(channel_id=room.id, text="Mia has the key.", digest="d", author="U1", origin="announced", status=LessonStatus.PROPOSED)
    assert not approval.may_settle(room, noticed, "U2", admin=False)
    assert approval.by_whom(room, noticed) == "a workspace admin"


def test_in_large_channels_lessons_are_reviewed_unless_somebody_says_otherwise(session: Session, room: Channel) -> None:
    held = []
    for room.members in (None, 20, 21):
        held.append(approval.policy(room))
    assert held == ["open", "open", "reviewed"]


def test_questions_are_studied_where_the_bot_was_addressed_and_no_strangers_are(session: Session, room: Channel) -> None:
    lesson = lessons.teach(session, room, "The port of atlas is 8412.", "U1")
    session.flush()
    asked = ask(session, room, "Atlas, which port was it?", answer={"lessons": [lesson.id]}, reply_ts="1.1")
    log.react(session, room, "1.1", "U3", "+1")
    found = []
    for asked.must_be_sure, room.is_external in ((False, False), (True, False), (False, True)):
        session.flush()
        found.append(bool(confirmed_questions(session, room, [lesson])))
    assert found == [True, False, False]
