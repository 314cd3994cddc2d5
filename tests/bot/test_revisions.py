"""Questions and instructions that are edited or deleted, as events, in any order."""

from datetime import timedelta

from bot import instructions, phrases
from learning.database import Database
from learning.memory import channels, lessons, log, people, privacy
from learning.memory.people import Member
from learning.records import Announcement, Channel, Forgetting, Lesson, LessonStatus, Message, Question, Reaction, Work, now
from tests.bot.conftest import BOT, body, edited, message, take


def test_an_edit_reopens_the_question_and_a_deletion_takes_the_answer_back(database: Database) -> None:
    take(database, message(f"<@{BOT}> what is up?"), "Ev1")
    with database.write() as session:
        question = session.query(Question).one()
        question.state, question.reply_ts = Work.DONE, "1.5"
    changed = {"type": "message", "subtype": "message_changed", "ts": "3.0"}
    unfurled = {**changed, "ts": "2.0", "message": message(f"<@{BOT}> what is up?")}
    assert not take(database, unfurled, "Ev2"), "Slack tells of an unfurled link as of an edit"
    assert take(database, {**changed, "message": message(f"<@{BOT}> what is down?") | {"edited": {"ts": "3.0"}}}, "Ev3")
    with database.write() as session:
        question = session.query(Question).one()
        assert (question.text, question.state, question.reply_ts) == ("what is down?", Work.WAITING, "1.5")
    take(database, {"type": "message", "subtype": "message_deleted", "deleted_ts": "1.0", "ts": "4.0"}, "Ev4")
    with database.read() as session:
        assert session.query(Question).one().state == Work.SKIPPED
        said = session.query(Announcement).one()
        assert (said.update_ts, said.text) == ("1.5", "")


def test_an_edited_question_is_as_good_as_new(database: Database) -> None:
    take(database, message(f"<@{BOT}> what is up?"), "Ev1")
    with database.write() as session:
        question = session.query(Question).one()
        question.state, question.reply_ts, question.created_at = Work.DONE, "1.5", now() - timedelta(days=1)
        room = session.query(Channel).one()
        log.vote(session, room, "1.5", "U2", good=False)
        log.react(session, room, "1.5", "U3", "+1")
    assert take(database, edited(f"<@{BOT}> what is down?", "3.0"), "Ev2")
    with database.read() as session:
        assert [(r.author, r.emoji) for r in session.query(Reaction)] == [("U3", "+1")], "votes were about what stood there before"
        assert now() - session.query(Question).one().created_at < timedelta(hours=1), "an engine that is out is waited for"


def test_a_mention_that_an_edit_brings_is_answered(database: Database) -> None:
    assert not take(database, message("when does the train leave?"), "Ev1")
    assert take(database, edited(f"<@{BOT}> when does the train leave?", "2.0"), "Ev2")
    take(database, message("and on Fridays?", ts="3.0", thread_ts="1.0"), "Ev3")
    assert take(database, edited(f"<@{BOT}> and on Fridays?", "4.0", "3.0"), "Ev4")
    with database.read() as session:
        assert [q.must_be_sure for q in session.query(Question).order_by(Question.ts)] == [False, False], "who addresses the bot wants an answer"


def test_a_mention_in_the_edit_of_a_message_that_is_not_known_is_answered_and_a_preview_is_not(database: Database) -> None:
    preview = {"type": "message", "subtype": "message_changed", "message": message(f"<@{BOT}> what is up?"), "ts": "2.0"}
    assert not take(database, preview, "Ev1")
    assert take(database, edited(f"<@{BOT}> what is down?", "4.0", "3.0"), "Ev2")


def test_a_preview_in_the_second_of_an_edit_does_not_outdate_it(database: Database) -> None:
    wifi = "The guest wifi password is {}, see <http://acme.example>"
    take(database, message(wifi.format("hunter2x9")), "Ev1")
    take(database, {"type": "message", "subtype": "message_changed", "message": message(wifi.format("hunter2x9")), "ts": "1531346575.000264"}, "Ev2")
    take(database, edited(wifi.format("with Ana"), "1531346575.000000"), "Ev3")
    with database.read() as session:
        assert session.query(Message).one().text == wifi.format("with Ana")


def test_events_in_any_order_leave_what_was_said_last(database: Database) -> None:
    train = f"<@{BOT}> when does the {{}} train leave?"
    assert take(database, edited(train.format("night"), "2.0"), "Ev1")
    take(database, message(train.format("morning")), "Ev2")
    take(database, {"type": "message", "subtype": "message_deleted", "deleted_ts": "3.0", "ts": "4.0"}, "Ev3")
    assert not take(database, message(train.format("noon"), "3.0"), "Ev4")
    with database.read() as session:
        assert [question.text for question in session.query(Question)] == ["when does the night train leave?"]


def test_what_a_message_had_it_remember_goes_with_the_message_and_changes_with_it(database: Database) -> None:
    def standing() -> list[str]:
        with database.read() as session:
            return [lesson.text for lesson in lessons.in_force(session, session.query(Channel).one())]

    with database.write() as session:
        people.meet(session, "T1", [Member("U2", "Ben")])
    for number, text in enumerate(("remember that <@U2> owns the key, see <https://wiki.example/k|the wiki>.", "remember that Ben owns the keys."), 1):
        taken = edited(f"<@{BOT}> {text}", "2.0") if number > 1 else message(f"<@{BOT}> {text}")
        assert take(database, taken, f"Ev{number}")
        with database.write() as session:
            question = session.query(Question).one()
            told = phrases.instruction(question.text)
            assert told
            instructions.carry_out(session, session.query(Channel).one(), question, told, None)
        assert standing() == [("Ben owns the key, see the wiki (https://wiki.example/k).", "Ben owns the keys.")[number - 1]]
    take(database, body({"type": "message", "subtype": "message_deleted", "deleted_ts": "1.0", "ts": "5.0"})["event"], "Ev9")
    assert standing() == []


def test_what_an_edit_takes_back_is_forgotten_and_what_it_had_replaced_holds_again(database: Database) -> None:
    with database.write() as session:
        old = lessons.teach(session, channels.ensure(session, "T1", "C1"), "Mia has the key.", "U1")
    take(database, message(f"<@{BOT}> remember that Jo has the key."), "Ev1")
    with database.write() as session:
        channel, question = session.query(Channel).one(), session.query(Question).one()
        told = phrases.instruction(question.text)
        assert told
        instructions.carry_out(session, channel, question, told, None)
        new = lessons.in_force(session, channel)[-1]
        old = session.get_one(Lesson, old.id)
        old.status, old.superseded_by = LessonStatus.SUPERSEDED, new.id
    take(database, edited(f"<@{BOT}> never mind", "2.0"), "Ev2")
    with database.read() as session:
        assert [lesson.text for lesson in lessons.in_force(session, session.query(Channel).one())] == ["Mia has the key."]
        assert session.get_one(Lesson, new.id).status == LessonStatus.FORGOTTEN


def test_a_value_that_an_edit_takes_out_of_what_was_to_be_remembered_is_forgotten(database: Database) -> None:
    said = ("remember that codes start with 7341.", "remember that our codes start with 7341.", "remember that our codes are in the vault.")
    for number, text in enumerate(said, 1):
        take(database, edited(f"<@{BOT}> {text}", f"{number}.5") if number > 1 else message(f"<@{BOT}> {text}"), f"Ev{number}")
        with database.write() as session:
            question = session.query(Question).one()
            told = phrases.instruction(question.text)
            assert told
            instructions.carry_out(session, session.query(Channel).one(), question, told, None)
    with database.read() as session:
        assert [lesson.status for lesson in session.query(Lesson).order_by(Lesson.id)] == [LessonStatus.FORGOTTEN] * 2 + [LessonStatus.APPROVED]
        assert session.query(Forgetting).count() == 1, "one rebuild does for both wordings"


def test_a_question_that_is_edited_by_somebody_who_opted_out_is_answered_anew(database: Database) -> None:
    with database.write() as session:
        privacy.opt_out(session, "T1", "U1")
    assert take(database, message(f"<@{BOT}> when is lnch?"), "Ev1")
    assert take(database, edited(f"<@{BOT}> when is lunch?", "2.0"), "Ev2")
    take(database, message("when is dinner?", "3.0"), "Ev3")
    assert take(database, edited(f"<@{BOT}> when is dinner?", "4.0", "3.0"), "Ev4")
    with database.read() as session:
        assert [question.text for question in session.query(Question).order_by(Question.ts)] == ["when is lunch?", "when is dinner?"]
        assert {kept.text for kept in session.query(Message)} == {""}


def test_a_correction_that_is_only_worded_otherwise_takes_nothing_out(database: Database) -> None:
    take(database, message(f"<@{BOT}> that's wrong: Mia owns it on port 4000"), "Ev1")
    with database.write() as session:
        lessons.teach(session, session.query(Channel).one(), "Q: Heron is on which port? A: Mia owns it on port 4000", "U1", "1.0")
    assert take(database, edited(f"<@{BOT}> that's wrong: Mia owns it, on port 4000", "2.0"), "Ev2")
    with database.read() as session:
        assert [lesson.status for lesson in session.query(Lesson)] == [LessonStatus.SUPERSEDED]
        assert session.query(Forgetting).count() == 0
