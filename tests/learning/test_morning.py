"""What the morning tells, from rows alone."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from learning import registry
from learning.memory import channels, lessons, log, proposals
from learning.memory.asked import confirmed_questions
from learning.memory.salience import salience
from learning.night import dreaming, morning, outcome
from learning.records import Announcement, Channel, Lesson, LessonStatus, Night, Question, Work, now

CARD = {"proven": 1, "lessons": 1, "recall": 1.0, "expected": 0.77}


@pytest.fixture
def ops(session: Session) -> Channel:
    return channels.ensure(session, "T1", "C1", name="ops")


def night(session: Session, ops: Channel, day: int = 1, kind: str = "nightly", **more: object) -> Night:
    night = Night(channel_id=ops.id, date=date(2026, 3, day), kind=kind, **more)
    session.add(night)
    session.flush()
    return night


def ask(session: Session, ops: Channel, text: str, **more: object) -> Question:
    question = Question(channel_id=ops.id, ts=f"{now().timestamp():.6f}", author="U2", text=text, state=Work.DONE, **more)
    session.add(question)
    session.flush()
    return question


def test_proposals_are_neither_taught_nor_forgotten(session: Session, ops: Channel) -> None:
    for number in range(3):
        row = {"text": f"Room {number} has a whiteboard.", "digest": f"d{number}", "origin": "announced", "status": LessonStatus.PROPOSED}
        session.add(Lesson(channel_id=ops.id, author="U1", **row))
    session.flush()
    tonight = night(session, ops)
    assert "So far" not in morning.text(session, tonight, "C1@v1", "promoted", CARD)
    proposals.dismiss(session, ops, [lesson.id for lesson in proposals.pending(session, ops)])
    assert "So far" not in morning.text(session, tonight, "C1@v1", "promoted", CARD)
    lessons.forget(session, ops, [lessons.teach(session, ops, text, "U1").id for text in ("Mia has the key.", "Jo has the van.")][:1], "U1")
    assert "So far: 1 taught, 1 forgotten." in morning.text(session, tonight, "C1@v1", "promoted", CARD)


def test_what_was_approved_by_day_is_told_of_though_it_was_noticed_before(session: Session, ops: Channel) -> None:
    session.add(Lesson(channel_id=ops.id, author="U1", text="Mia has the key.", digest="d", origin="announced", status=LessonStatus.PROPOSED))
    session.flush()
    night(session, ops, 1, state=Work.DONE, verdict="promoted", finished_at=now())
    tonight = night(session, ops, 2)
    assert "1 taught" not in morning.text(session, tonight, "C1@v2", "promoted", CARD)
    proposals.approve(session, ops, [lesson.id for lesson in proposals.pending(session, ops)])
    assert "Since the last night: 1 taught." in morning.text(session, tonight, "C1@v2", "promoted", CARD)


def test_what_had_ended_meanwhile_does_not_hold_again(session: Session, ops: Channel) -> None:
    old, newer = (lessons.teach(session, ops, text, "U1") for text in ("Mia has the key.", "Jo has the van."))
    lessons.set_aside(newer, [old])
    old.valid_until = now().date() - timedelta(days=2)
    request = lessons.forget(session, ops, [newer.id], "U1")
    assert request
    assert (request.receipt or {})["restored"] == 0


def test_what_was_taught_as_its_answer_is_no_open_question(session: Session, ops: Channel) -> None:
    ask(session, ops, "Where are the keys of the van?", answer={"how": "abstained", "lessons": []})
    ask(session, ops, "Who feeds the otter?", answer={"how": "abstained", "lessons": []})
    lessons.teach(session, ops, "Q: where are the keys of the van? A: They hang behind the door.", "U3")
    assert morning.unanswered(session, ops.id) == ["Who feeds the otter?"]
    assert ["otter" in wonder["said"] for wonder in dreaming.wonders(session, ops, lessons.in_force(session, ops), morning.EVER)] == [True]


def test_a_rebuild_after_a_forgetting_is_not_the_night_before(session: Session, ops: Channel) -> None:
    ask(session, ops, "Where is the van?", answer={"how": "abstained"}, created_at=now() - timedelta(hours=5))
    night(session, ops, 1, "forget", state=Work.DONE, verdict="promoted", finished_at=now() - timedelta(hours=1))
    assert morning.unanswered(session, ops.id, morning.last_ended(session, night(session, ops, 2))) == ["Where is the van?"]


def test_an_instruction_is_no_question_whatever_people_think_of_it(session: Session, ops: Channel) -> None:
    lesson = lessons.teach(session, ops, "The staging database lives on heron-4.", "U1")
    session.flush()
    for how, text in (("noted", "remember that the staging database lives on heron-4"), ("asked_back", "forget the staging database")):
        said = ask(session, ops, text, answer={"how": how, "lessons": [lesson.id]}, reply_ts=f"{how}-reply")
        log.react(session, ops, said.reply_ts or "", "U2", "+1")
    session.flush()
    assert confirmed_questions(session, ops, [lesson]) == {}
    assert salience(session, ops, [lesson], now())[lesson.id].asked == 0


def test_what_was_noticed_is_told_in_the_morning_to_those_who_hear_of_nights(session: Session, ops: Channel) -> None:
    comes = now() + timedelta(hours=5)
    for day, reports in enumerate(("channel", "admins", "off"), 1):
        ops.reports = reports
        outcome.tell_noticed(session, night(session, ops, day), 3, comes)
    session.flush()
    assert [(told.audience, told.due_at) for told in session.query(Announcement).order_by(Announcement.id)] == [("channel", comes), ("admins", comes)]


def test_after_a_forgetting_no_version_serves_that_people_went_back_from(session: Session, ops: Channel) -> None:
    wifi, backups, van = (
        lessons.teach(session, ops, text, "U1") for text in ("The wifi password is larkspur.", "Backups run at noon.", "The van is parked in bay seven.")
    )
    session.flush()
    for day, taught in ((1, [backups]), (2, [backups, wifi]), (3, [backups, van])):
        made = registry.reserve(session, ops, night(session, ops, day, state=Work.DONE, verdict="promoted"), "b", taught, f"s{day}")
        registry.promote(session, made, set())
    registry.rollback(session, ops)
    lessons.forget(session, ops, [wifi.id], "U1")
    serving = registry.serving(session, ops)
    assert serving
    assert serving.name == "C1@v1"
