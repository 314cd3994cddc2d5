"""Which of two lessons holds: where the newer one ends, where it goes, and where people say so. And who has a say."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from learning.memory import approval, channels, finding, lessons, notes, proposals, settling
from learning.records import Announcement, Channel, Lesson, LessonStatus, now


@pytest.fixture
def ops(session: Session) -> Channel:
    return channels.ensure(session, "T1", "C1", name="ops")


def standing(session: Session, ops: Channel) -> list[str]:
    session.flush()
    return [lesson.text for lesson in lessons.in_force(session, ops)]


def test_what_ends_takes_the_place_of_what_lasts_until_then_only(session: Session, ops: Channel) -> None:
    lasting = lessons.teach(session, ops, "The standup is at 9:00.", "U1")
    passing = lessons.teach(session, ops, "The standup is now at 10:00 until noon on friday.", "U1")
    assert passing.valid_until
    assert standing(session, ops) == [lasting.text, passing.text]
    assert not lessons.contradicting(session, ops, passing), "there is nothing to ask"
    passing.valid_until = now().date() - timedelta(days=1)
    assert standing(session, ops) == [lasting.text]


def test_of_a_chain_whose_middle_is_forgotten_the_end_holds_alone(session: Session, ops: Channel) -> None:
    first, middle, last = (lessons.teach(session, ops, f"The release train leaves on {when}.", "U1") for when in ("Thursdays", "Fridays", "Mondays"))
    lessons.set_aside(middle, [first])
    lessons.set_aside(last, [middle])
    request = lessons.forget(session, ops, [middle.id], "U1")
    assert request
    assert request.receipt == {"tainted": [], "restored": 0, "waited": 0}
    assert standing(session, ops) == [last.text]
    assert first.superseded_by == last.id
    lessons.forget(session, ops, [last.id], "U1")
    assert standing(session, ops) == [first.text]


def test_an_old_button_settles_nothing_that_was_settled_since(session: Session, ops: Channel) -> None:
    first = lessons.teach(session, ops, "Backups run at 02:00.", "U1")
    other = lessons.teach(session, ops, "Backups now run at 04:30.", "U1")
    assert lessons.replaced(session, other) == [first]
    again = lessons.teach(session, ops, "Backups run at 02:00.", "U1")
    lessons.set_aside(again, [other])
    session.flush()
    assert settling.keep_both(session, ops, other.id) == [], "it holds no longer itself"
    assert settling.keep_both(session, ops, again.id) == [other]
    session.flush()
    assert settling.keep_both(session, ops, other.id) in ([], [again]), "the first one says what the last one does"
    assert sorted(standing(session, ops)) == ["Backups now run at 04:30.", "Backups run at 02:00."]


def test_whoever_suggested_something_may_take_it_back(session: Session, ops: Channel) -> None:
    ops.approval = "reviewed"
    secret = lessons.teach(session, ops, "The root password of the vault is hunter-22.", "U1")
    assert secret.status == LessonStatus.PROPOSED
    assert [approval.may_dismiss(ops, secret, user, admin=False) for user in ("U1", "U2")] == [True, True]
    assert not approval.may_settle(ops, secret, "U1", admin=False)
    assert finding.find(session, ops, "root password of the vault") == [secret]
    secret.post_ts = "1.0"
    assert lessons.forget(session, ops, [secret.id], "U1")
    session.flush()
    assert [(told.update_ts, told.text) for told in session.query(Announcement)] == [("1.0", notes.REDACTED)]


def test_what_still_waits_to_be_put_into_a_note_says_nothing_of_what_was_forgotten_meanwhile(session: Session, ops: Channel) -> None:
    ops.approval = "reviewed"
    secret = lessons.teach(session, ops, "The root password of the vault is hunter-22.", "U1")
    secret.post_ts = "1.0"
    proposals.approve(session, ops, [secret.id])
    session.flush()
    assert [told.text for told in session.query(Announcement) if "hunter-22" in told.text]
    lessons.forget(session, ops, [secret.id], "U1")
    session.flush()
    assert not [told.text for told in session.query(Announcement) if "hunter-22" in told.text]


def test_the_note_of_a_suggestion_says_when_an_admin_taught_the_same(session: Session, ops: Channel) -> None:
    ops.approval = "admins"
    waiting = lessons.teach(session, ops, "Mia has the key.", "U1")
    waiting.post_ts = "1.0"
    assert lessons.teach(session, ops, "Mia has the key.", "U9", admin=True).id == waiting.id
    session.flush()
    assert [told.text for told in session.query(Announcement)] == [":books: <@U1> taught me: Mia has the key."]


def test_what_was_over_waits_for_approval_when_it_is_taught_again(session: Session, ops: Channel) -> None:
    ops.approval = "reviewed"
    over = lessons.teach(session, ops, "The lift is out of order.", "U9", admin=True)
    over.valid_until = now().date() - timedelta(days=2)
    again = lessons.teach(session, ops, "The lift is out of order.", "U1")
    assert (over.status, again.status, again.valid_until) == (LessonStatus.SUPERSEDED, LessonStatus.PROPOSED, None)
    assert finding.listed(session, ops) == [again]
    assert lessons.teach(session, ops, "The lift is out of order.", "U9", admin=True).id == again.id
    assert standing(session, ops) == [over.text]


def test_what_is_over_is_not_listed(session: Session, ops: Channel) -> None:
    over = lessons.teach(session, ops, "The lift is out of order.", "U1")
    over.valid_until = now().date() - timedelta(days=1)
    session.flush()
    assert finding.listed(session, ops) == []
    assert finding.find(session, ops, "the lift") == [session.get(Lesson, over.id)], "but it can be forgotten"


def test_a_suggestion_that_is_taken_back_ends_nothing_that_was_approved(session: Session, ops: Channel) -> None:
    first = lessons.teach(session, ops, "Deploys are on Mondays.", "U9", admin=True)
    second = lessons.teach(session, ops, "Deploys are on Tuesdays.", "U9", admin=True)
    lessons.set_aside(second, [first])
    ops.approval = "reviewed"
    suggested = lessons.teach(session, ops, "Deploys are on Mondays.", "U1")
    assert finding.find(session, ops, "Deploys are on Mondays.") == [suggested]
    assert finding.find(session, ops, "deploys") != [suggested]
    request = lessons.forget(session, ops, [suggested.id], "U1")
    assert request
    assert (request.lessons, first.status) == ([suggested.id], LessonStatus.SUPERSEDED)


def test_what_waits_for_approval_inherits_nothing(session: Session, ops: Channel) -> None:
    first, second = (lessons.teach(session, ops, f"Deploys are on {day}.", "U1") for day in ("Mondays", "Tuesdays"))
    lessons.set_aside(second, [first])
    ops.approval = "admins"
    waiting = lessons.teach(session, ops, "The canteen opens at noon.", "U1")
    second.status, second.superseded_by = LessonStatus.SUPERSEDED, waiting.id
    lessons.forget(session, ops, [second.id], "U1")
    assert standing(session, ops) == [first.text]


def test_of_two_in_the_same_words_one_comes_back(session: Session, ops: Channel) -> None:
    first = lessons.teach(session, ops, "Backups run at 02:00.", "U1")
    lessons.set_aside(first, [])
    other = lessons.teach(session, ops, "Backups now run at 04:30.", "U1")
    again = lessons.teach(session, ops, "Backups run at 02:00.", "U1")
    last = lessons.teach(session, ops, "Backups now run at 06:00.", "U1")
    for old in (first, other, again):
        old.status, old.superseded_by = LessonStatus.SUPERSEDED, last.id
    session.flush()
    assert [old.text for old in settling.keep_both(session, ops, last.id)] == ["Backups run at 02:00.", "Backups now run at 04:30."]
    for old in (first, other, again):
        old.status, old.superseded_by = LessonStatus.SUPERSEDED, last.id
    session.flush()
    lessons.forget(session, ops, [last.id], "U1")
    assert standing(session, ops) == ["Backups run at 02:00."]


def test_who_may_approve_may_say_which_of_two_holds(session: Session, ops: Channel) -> None:
    lesson = lessons.teach(session, ops, "The gate is locked at 19:00.", "U1")
    for policy, others_may in (("open", True), ("reviewed", True), ("admins", False)):
        ops.approval = policy
        assert approval.may_say(ops, lesson, "U1", admin=False)
        assert approval.may_say(ops, lesson, "U2", admin=True)
        assert approval.may_say(ops, lesson, "U2", admin=False) is others_may
