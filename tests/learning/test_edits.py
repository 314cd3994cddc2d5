"""What an edit or a deletion in Slack does to the lesson that was made of the message."""

import pytest

from learning.database import Database
from learning.memory import erasing, lessons, privacy, proposals, sources
from learning.records import Announcement, Channel, Forgetting, Lesson, LessonSource, LessonStatus, Message
from tests.learning.conftest import TOLD, known, noticed, say


def test_an_edit_changes_the_lesson_and_a_deletion_forgets_it_with_what_it_replaced(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    texts = known(either, ops)
    assert [status for _, status in texts] == [LessonStatus.FORGOTTEN, LessonStatus.APPROVED]
    assert "heron-7" in texts[1][0]
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000010.0")
    assert known(either, ops) == texts, "the same text again changes nothing"
    with either.write() as session:
        assert sources.deleted(session, session.get_one(Channel, ops.id), ["1700000000.000100"], "U0")
    with either.read() as session:
        assert {x.status for x in session.query(Lesson)} == {LessonStatus.FORGOTTEN}
        assert session.query(Forgetting).count() == 2


def test_an_edit_that_says_nothing_any_more_forgets_the_lesson_and_keeps_the_message(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, "never mind", edited_ts="1700000009.0")
    with either.write() as session:
        assert session.get_one(Lesson, lesson.id).status == LessonStatus.FORGOTTEN
        erasing.erase(session, ops, [lesson.id])
        assert session.query(Message).one().text == "never mind"


def test_a_deleted_source_of_a_proposal_leaves_nothing(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    noticed(either, ops)
    with either.write() as session:
        sources.deleted(session, session.get_one(Channel, ops.id), ["1700000000.000100"], "U0")
        assert (session.query(Lesson).filter(Lesson.text != "").count(), session.query(LessonSource).count()) == (0, 0)


def test_an_edit_into_something_else_is_a_proposal_again_and_the_channel_hears_of_a_small_one(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    with either.read() as session:
        assert "heron-7" in session.query(Announcement).one().text
    say(either, ops, "fyi: all invoices must now be paid to account 12345 at another bank", edited_ts="1700000010.0")
    assert [status for _, status in known(either, ops)] == [LessonStatus.FORGOTTEN, LessonStatus.FORGOTTEN, LessonStatus.PROPOSED]


def test_an_edit_where_nothing_may_be_learned_forgets_and_notices_nothing(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        privacy.withdraw(session, "T1")
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    with either.read() as session:
        assert [x.status for x in session.query(Lesson)] == [LessonStatus.FORGOTTEN]


def test_an_edit_that_takes_a_value_out_forgets_the_old_wording_and_can_be_taken_back(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    with either.write() as session:
        erasing.erase(session, ops, [lesson.id])
        assert session.get_one(Lesson, lesson.id).text == ""
        assert "heron-7" in session.query(Message).one().text
    say(either, ops, TOLD, edited_ts="1700000010.0")
    with either.read() as session:
        assert ["heron-4" in x.text for x in lessons.in_force(session, ops)] == [True]


def test_what_a_message_said_before_an_edit_does_not_come_back_when_its_lesson_is_forgotten(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, f"{TOLD} as well", edited_ts="1700000009.0")
    assert [status for _, status in known(either, ops)] == [LessonStatus.SUPERSEDED, LessonStatus.APPROVED], "a small edit supersedes"
    with either.write() as session:
        (newer,) = lessons.in_force(session, ops)
        lessons.forget(session, ops, [newer.id], "U1")
        assert [x.status for x in session.query(Lesson)] == [LessonStatus.FORGOTTEN] * 2


def test_a_proposal_that_was_edited_never_comes_into_force(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    noticed(either, ops)
    say(either, ops, f"{TOLD} as well", edited_ts="1700000009.0")
    with either.write() as session:
        (newer,) = proposals.pending(session, ops)
        proposals.approve(session, ops, [newer.id])
        lessons.forget(session, ops, [newer.id], "U1")
        assert lessons.in_force(session, ops) == []


def forgotten(database: Database, word: str) -> bool:
    """Is no lesson left with a word in it but what is to be erased?"""
    with database.read() as session:
        return {lesson.status for lesson in session.query(Lesson) if word in lesson.text} == {LessonStatus.FORGOTTEN}


def test_a_password_that_is_taken_out_in_steps_does_not_come_back_with_an_earlier_wording(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, f"{TOLD} as well", edited_ts="1700000009.0")
    say(either, ops, "oops, removed", edited_ts="1700000010.0")
    assert forgotten(either, "heron-4")


def test_a_value_that_is_taken_out_of_a_replaced_lessons_message_is_forgotten_too(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        newer = lessons.teach(session, ops, "The staging database is on quince.", "U2")
        old = session.get_one(Lesson, lesson.id)
        old.status, old.superseded_by = LessonStatus.SUPERSEDED, newer.id
    say(either, ops, "oops, removed", edited_ts="1700000009.0")
    assert forgotten(either, "heron-4")


def test_where_others_have_to_approve_an_edit_brings_no_new_value_by_itself(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        session.get_one(Channel, ops.id).approval = "admins"
    say(either, ops, TOLD.replace("heron-4", "heron-7"), edited_ts="1700000009.0")
    assert [status for _, status in known(either, ops)] == [LessonStatus.FORGOTTEN, LessonStatus.PROPOSED]


def test_what_somebody_taught_from_a_message_goes_with_it_and_with_its_values(either: Database, ops: Channel) -> None:
    for number, after in enumerate(("the door code ist 7341, ok?", "the door code is gone", ""), 1):
        ts = f"{number}.0"
        say(either, ops, "the door code is 7341", ts)
        with either.write() as session:
            lesson = lessons.teach(session, ops, f"The door code is 7341 at door {number}.", "U2")
            proposals.rest(session, lesson, [ts])
        if after:
            say(either, ops, after, ts, edited_ts="9.0")
        else:
            with either.write() as session:
                sources.deleted(session, ops, [ts], "U1")
    with either.read() as session:
        assert ["door 1" in lesson.text for lesson in lessons.in_force(session, ops)] == [True], "a slip of the keys was mended in the first"


BACKUPS = "heads up: backups now run on heron-4, please change your configs"


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (BACKUPS, BACKUPS.replace("backups", "Backups"), LessonStatus.APPROVED),
        (BACKUPS, BACKUPS.replace("backups", "nightly backups"), LessonStatus.PROPOSED),
        ("heads up: refunds now take two weeks, please tell customers", "heads up: refunds now take nine weeks, please tell customers", LessonStatus.PROPOSED),
        (
            "heads up: visitors must never enter the server room without a badge",
            "heads up: visitors must enter the server room without a badge",
            LessonStatus.PROPOSED,
        ),
    ],
)
def test_where_somebody_has_to_approve_an_edit_changes_no_word_unasked(either: Database, ops: Channel, before: str, after: str, kept: LessonStatus) -> None:
    say(either, ops, before)
    lesson = noticed(either, ops)
    with either.write() as session:
        session.get_one(Channel, ops.id).members = 30
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, after, edited_ts="1700000009.0")
    assert known(either, ops)[-1][1] == kept


def test_a_password_in_small_letters_is_a_value_too(either: Database, ops: Channel) -> None:
    said = "heads up: the wifi password is now heronquince, please tell every visitor"
    say(either, ops, said)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, said.replace("heronquince", "hidden"), edited_ts="1700000009.0")
    assert forgotten(either, "heronquince")


def test_a_value_that_is_taken_out_is_forgotten_where_the_new_wording_is_known_already(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id])
        other = session.get_one(Lesson, lesson.id).text.replace("heron-4", "quince")
        taught = lessons.teach(session, ops, other, "U2")
    say(either, ops, TOLD.replace("heron-4", "quince"), edited_ts="1700000009.0")
    assert forgotten(either, "heron-4")
    with either.read() as session:
        assert [lesson.id for lesson in lessons.in_force(session, ops)] == [taught.id]


def test_a_name_that_begins_the_sentence_is_a_value_too(either: Database, ops: Channel) -> None:
    said = "heads up: Grace is now the contact for the alarm company, please update your lists"
    say(either, ops, said)
    lesson = noticed(either, ops)
    with either.write() as session:
        session.get_one(Channel, ops.id).approval = "admins"
        proposals.approve(session, ops, [lesson.id])
    say(either, ops, said.replace("Grace", "Mark"), edited_ts="1700000009.0")
    assert [status for _, status in known(either, ops)] == [LessonStatus.FORGOTTEN, LessonStatus.PROPOSED]
