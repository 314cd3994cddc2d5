"""Of a message that taught two things one was forgotten, so that its text is kept no longer: what becomes of it still reaches the other."""

from learning.database import Database
from learning.memory import erasing, lessons, privacy, proposals
from learning.records import Channel, Message
from tests.learning.conftest import say


def test_of_a_message_that_was_forgotten_in_part_an_edit_takes_its_values_out_of_the_rest(either: Database, ops: Channel) -> None:
    ts = "1700000000.000100"
    say(either, ops, "the wifi password is heron4422. standup is at 9:30.", ts)
    with either.write() as session:
        wifi, standup = (lessons.teach(session, ops, text, "U1") for text in ("The wifi password is heron4422.", "Standup is at 9:30."))
        for lesson in (wifi, standup):
            lesson.origin = "announced"
            proposals.rest(session, lesson, [ts])
        lessons.forget(session, ops, [standup.id], "U1")
        erasing.erase(session, ops, [standup.id])
    say(either, ops, "the wifi password is heron4422. no standup.", ts, edited_ts="1700000009.0")
    with either.read() as session:
        assert [x.id for x in lessons.in_force(session, ops)] == [wifi.id]
    say(either, ops, "I know that the wifi password is <http://heron4422|heron4422>, since tomorrow", ts, edited_ts="1700000009.5")
    with either.read() as session:
        assert [x.id for x in lessons.in_force(session, ops)] == [wifi.id]
    say(either, ops, "ask Ana for the wifi password", ts, edited_ts="1700000010.0")
    with either.read() as session:
        assert lessons.in_force(session, ops) == []
        assert session.query(Message).one().text == ""


def test_of_a_message_that_was_forgotten_in_part_an_edit_keeps_what_is_worded_otherwise_or_said_elsewhere(either: Database, ops: Channel) -> None:
    root, answer = "1700000000.000100", "1700000001.000100"
    say(either, ops, "I have the spare key of vault 9 from tomorrow. which port has quince? and standup?", root)
    say(either, ops, "quince has port 8443", answer, "U2", thread_ts=root)
    with either.write() as session:
        key = lessons.teach(session, ops, "Ana has the spare key of vault 9 from 15 November 2023.", "U1")
        port = lessons.teach(session, ops, "Q: which port has quince? A: Quince has port 8443.", "U2")
        standup = lessons.teach(session, ops, "Standup is at 9:30.", "U1")
        for lesson, sources in ((key, [root]), (port, [root, answer]), (standup, [root])):
            lesson.origin = "announced"
            proposals.rest(session, lesson, sources)
        lessons.forget(session, ops, [standup.id], "U1")
        erasing.erase(session, ops, [standup.id])
    say(either, ops, "I have the spare key of vault 9 from tomorrow! which port has quince?", root, edited_ts="1700000009.0")
    with either.read() as session:
        assert [x.id for x in lessons.in_force(session, ops)] == [key.id, port.id]


def test_opting_out_reaches_what_rests_on_a_message_that_was_forgotten_in_part(either: Database, ops: Channel) -> None:
    say(either, ops, "Gate 4 opens at six. The vault opens at noon.", "1.0", "U2")
    with either.write() as session:
        first, second = (lessons.teach(session, ops, text, "U2") for text in ("Gate 4 opens at six.", "The vault opens at noon."))
        for lesson in (first, second):
            proposals.rest(session, lesson, ["1.0"])
        lessons.forget(session, ops, [first.id], "U2")
        erasing.erase(session, ops, [first.id])
        assert session.query(Message).one().text == ""
        assert privacy.opt_out(session, "T1", "U2") == 1
        assert lessons.in_force(session, ops) == []
