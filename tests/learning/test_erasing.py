"""What is left of a lesson once it is forgotten: nothing that says it, here or in the log."""

from learning.database import Database
from learning.memory import channels, erasing, lessons, log, people, words
from learning.memory.people import Member
from learning.records import Channel, Lesson, Message, Question, Tombstone, Work


def test_forgetting_leaves_a_tombstone_without_content(either: Database, ops: Channel) -> None:
    with either.write() as session:
        taught = lessons.teach(session, ops, "The code is 7341.", "U1", source_ts="1.0")
        log.record(session, ops, [log.Utterance("1.0", "U1", "The code is 7341.")])
        log.record(session, ops, [log.Utterance("2.0", "U2", "Remember: the code is 7341!")])
        request = lessons.forget(session, ops, [taught.id], "U1")
        assert request is not None
        assert lessons.forget(session, ops, [taught.id], "U1") is None
        erasing.erase(session, ops, request.lessons)
    with either.read() as session:
        stones = session.query(Tombstone).all()
        stored = " ".join(str(v) for row in (session.query(Lesson).one(), *stones, *session.query(Message)) for v in vars(row).values())
        assert {stone.source_ts for stone in stones} == {"1.0", "2.0"}
        assert "7341" not in stored
        assert words.digest("The code is 7341.") not in stored
        assert lessons.in_force(session, ops) == []


def test_erasing_takes_what_repeats_the_statement_and_nothing_that_only_resembles_it(either: Database, ops: Channel) -> None:
    said = (
        "R&amp;D sits on floor 3.",
        "mail <mailto:a@b.example|a@b.example> for R&amp;D sits on floor 3",
        "R&amp;D sits on floor 34",
        "I know nothing of dogs",
    )
    with either.write() as session:
        for number, text in enumerate(said):
            log.record(session, ops, [log.Utterance(f"{number}.0", "U1", text)])
        taught = [lessons.teach(session, ops, "R&D sits on floor 3.", "U1"), lessons.teach(session, ops, "No dogs", "U1")]
        lessons.forget(session, ops, [lesson.id for lesson in taught], "U1")
        erasing.erase(session, ops, [lesson.id for lesson in taught])
        assert [m.text for m in session.query(Message).order_by(Message.ts)] == ["", "", *said[2:]]


def test_erasing_takes_a_question_with_its_answer_and_what_is_marked_up_otherwise(either: Database, ops: Channel) -> None:
    said = (
        "What is the door code of the lab? — 7341",
        "7341 euros were paid",
        "<@U1> owns *the barcode scanner* in `vault 17`",
        "Ben owns the barcode scanner in vault 18",
    )
    with either.write() as session:
        people.meet(session, "T1", [Member("U1", "Marek")])
        for number, text in enumerate(said):
            log.record(session, ops, [log.Utterance(f"{number}.0", "U2", text)])
        taught = [
            lessons.teach(session, ops, text, "U1") for text in ("Q: What is the door code of the lab? A: 7341", "Marek owns the barcode scanner in vault 17.")
        ]
        lessons.forget(session, ops, [lesson.id for lesson in taught], "U1")
        erasing.erase(session, ops, [lesson.id for lesson in taught])
        assert [m.text for m in session.query(Message).order_by(Message.ts)] == ["", said[1], "", said[3]]


def test_erasing_takes_what_was_written_to_have_it_forgotten(either: Database, ops: Channel) -> None:
    with either.write() as session:
        lesson = lessons.teach(session, ops, "The code of the vault in the cellar is 9917.", "U1")
        log.record(session, ops, [log.Utterance("1.0", "U1", "<@U0> forget vault 9917")])
        asked = {"how": "asked_back", "lessons": [lesson.id]}
        session.add(Question(channel_id=ops.id, ts="1.0", author="U1", text="forget vault 9917", state=Work.DONE, answer=asked, reply_ts="1.1"))
        lessons.forget(session, ops, [lesson.id], "U1")
        erasing.erase(session, ops, [lesson.id])
        assert [session.query(table).one().text for table in (Message, Question)] == ["", ""]


def test_erasing_reaches_what_was_said_in_direct_messages_and_no_edit_brings_it_back(either: Database, ops: Channel) -> None:
    with either.write() as session:
        aside = channels.ensure(session, "T1", "D1")
        log.record(session, aside, [log.Utterance("1.0", "U1", "The code of the lab is 7341.")])
        lesson = lessons.teach(session, ops, "The code of the lab is 7341.", "U1")
        lessons.forget(session, ops, [lesson.id], "U1")
        erasing.erase(session, ops, [lesson.id])
        assert session.query(Message).one().text == ""
        log.record(session, aside, [log.Utterance("1.0", "U1", "The code of the lab is 7341!", edited_ts="2.0")])
        assert session.query(Message).one().text == ""


def test_erasing_takes_what_slack_escaped(either: Database, ops: Channel) -> None:
    texts = ("Deploy with ship <service> now.", "Tom & Jerry run the lab.")
    with either.write() as session:
        for number, text in enumerate(texts):
            log.record(session, ops, [log.Utterance(f"{number}.0", "U2", f"fyi: {text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}")])
        taught = [lessons.teach(session, ops, text, "U1") for text in texts]
        lessons.forget(session, ops, [lesson.id for lesson in taught], "U1")
        erasing.erase(session, ops, [lesson.id for lesson in taught])
        assert [m.text for m in session.query(Message)] == ["", ""]
