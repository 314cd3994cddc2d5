"""Many lines taught at once."""

from datetime import timedelta

import pytest
from slack_sdk import WebClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot import lifecycle, outages
from bot.events import Removed
from bot.noting import MOST_ATTEMPTS, ODD, Noting
from bot.sandbox.workspace import TEAM
from bot.workspaces import Workspaces
from learning.database import Database
from learning.memory import channels, finding, lessons, settling
from learning.records import Channel, Lesson, Telling, Work, now
from tests.conftest import Running


@pytest.fixture
def database(bot: Running) -> Database:
    return bot.school.database


def test_many_lines_are_many_lessons_and_one_that_is_none_keeps_back_no_other(bot: Running, database: Database) -> None:
    told = bot.ben.command("/teach", "- The attic key hangs in the hall.\n- Parcels go to Ulla.\n\nQ: who waters the fern?\nA: Ines waters the fern.")
    assert told["text"].count("Noted:") == 3
    assert bot.ben.ask("who waters the fern?")["text"] == "Ines waters the fern."
    told = bot.ben.command("/teach", "The cellar is damp.\nDamp\nOpening hours:\n- Mon-Fri 9-17\n- Sat 10-14")
    assert "I could not take “Damp”: one word says too little" in told["text"]
    with database.read() as session:
        assert session.query(Lesson).filter(Lesson.text.in_(["The cellar is damp.", "Opening hours: Mon-Fri 9-17; Sat 10-14"])).count() == 2
    assert "Noted: of seats in the hall: 40" in bot.ben.command("/teach", "# of seats in the hall: 40")["text"]
    filled = {"jars": "hall", "ropes": "shed", "paints": "loft", "tiles": "yard"}
    bot.cleo.command(
        "/teach", "\n".join(f"The crate of {what} in the {where} holds {f'{what} from the {where}, ' * 35}and string." for what, where in filled.items())
    )
    bot.cleo.wait(lambda: [m for m in bot.cleo.messages() if "Noted" in m["text"] and "The crate of" in m["text"]])
    shown = bot.cleo.command("/lessons", "crate")
    assert all(f"The crate of {what}" in str(shown["blocks"]) for what in filled), "nothing is cut off, however long"


def test_of_many_lines_it_is_told_when_they_are_read(bot: Running) -> None:
    named = "\n".join(f"The {what} is kept on shelf {number}." for number, what in enumerate(("ladle", "whisk", "sieve", "grater", "peeler", "corkscrew"), 1))
    assert bot.ben.command("/teach", named)["text"] == "I am reading these 6 lessons …"
    told = bot.ben.wait(lambda: [m for m in bot.ben.messages() if "corkscrew" in m["text"] and "Noted" in m["text"]])
    assert told[0]["text"].count("Noted:") == 6
    assert bot.ben.wait(lambda: tellings(bot.school.database) == 0), "what is forgotten later may stand nowhere else"


@pytest.fixture
def noting(bot: Running, database: Database) -> Noting:
    """Another bot, whose steps are taken by hand."""
    return Noting(database, Workspaces(bot.school.settings, database))


def left(bot: Running, attempts: int, *lines: str) -> Telling:
    """What a bot that ended while it read a command leaves behind; nobody listens any more where it would have answered."""
    with bot.school.database.write() as session:
        room = channels.known(session, "C0OPS")
        telling = Telling(channel_id=room.id, author="U0BEN", lines=list(lines), respond_to="http://127.0.0.1:9/", state=Work.RUNNING)
        telling.attempts, telling.lease_until = attempts, now() - timedelta(seconds=1)
        session.add(telling)
        return telling


def tellings(database: Database) -> int:
    """How many commands are still to be read."""
    with database.read() as session:
        return session.query(Telling).count()


def told(bot: Running, *texts: str) -> list[str]:
    """What Ben sees that holds these texts."""
    return [message["text"] for message in bot.ben.messages() if all(text in str(message) for text in texts)]


def test_what_was_being_read_when_the_bot_ended_is_taken_by_the_next(bot: Running, database: Database, noting: Noting) -> None:
    left(bot, 1, "The spare fuse hangs behind the door until tomorrow.", "Fuses")
    with database.write() as session:
        session.query(Telling).one().created_at = now() - timedelta(days=9)
    assert noting.step()
    assert not noting.step()
    assert tellings(database) == 0, "what is forgotten later may stand nowhere else"
    bot.ben.wait(lambda: told(bot, "taught me: The spare fuse hangs"))
    assert told(bot, "I could not take “Fuses”: one word says too little"), "where Slack's address is good no longer, it is told in the channel"
    with database.read() as session:
        lesson = session.query(Lesson).filter(Lesson.text.contains("spare fuse")).one()
        assert lesson.author == "U0BEN"
        assert lesson.valid_until
        assert lesson.valid_until < now().date(), "by the day on which it was told"


def test_a_line_that_ends_the_bot_or_breaks_it_keeps_back_no_other(bot: Running, database: Database, noting: Noting, monkeypatch: pytest.MonkeyPatch) -> None:
    consider = settling.consider

    def trip(session: Session, channel: Channel, text: str) -> None:
        if "ladder" in text:
            raise ZeroDivisionError
        consider(session, channel, text)

    monkeypatch.setattr(settling, "consider", trip)
    left(bot, MOST_ATTEMPTS, "The spare bulb hangs behind the door.", "The spare ladder hangs behind the door.", "The spare rope hangs behind the door.")
    assert noting.step()
    assert told(bot, f"I could not take “The spare bulb hangs behind the door.”: {ODD}", f"I could not take “The spare ladder hangs behind the door.”: {ODD}")
    assert told(bot, "Noted: The spare rope")
    assert not told(bot, "Noted: The spare bulb")


def test_while_slack_or_the_database_is_away_what_was_told_waits(bot: Running, database: Database, noting: Noting, monkeypatch: pytest.MonkeyPatch) -> None:
    telling = left(bot, 1, "The spare lamp hangs behind the door.")
    with monkeypatch.context() as down:
        down.setattr(settling, "consider", lambda *_: (_ for _ in ()).throw(OperationalError("BEGIN", {}, Exception("database is locked"))))
        assert noting.step()
        assert not noting.step(), "it has its lease to wait"
    with database.write() as session:
        row = session.get_one(Telling, telling.id)
        assert (len(row.lines), row.attempts) == (1, 0), "that is not the line's fault"
        row.lease_until = now() - timedelta(seconds=1)
    with monkeypatch.context() as down:
        down.setattr(WebClient, "chat_postEphemeral", lambda *_, **__: (_ for _ in ()).throw(OSError("the network is gone")))
        assert noting.step()
        assert not noting.step()
    with database.write() as session:
        row = session.get_one(Telling, telling.id)
        assert (row.lines, len(row.outcomes)) == ([], 1), "taken, and still to be told of"
        row.lease_until = now() - timedelta(seconds=1)
    assert noting.step()
    assert told(bot, "Noted: The spare lamp")
    assert tellings(database) == 0


def test_what_could_not_be_taken_for_a_day_is_told(bot: Running, database: Database, noting: Noting, monkeypatch: pytest.MonkeyPatch) -> None:
    left(bot, 1, "The spare hinge hangs behind the door.", "The spare latch hangs behind the door.")
    monkeypatch.setattr(outages, "PATIENCE", timedelta(0))
    monkeypatch.setattr(settling, "consider", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    assert noting.step()
    assert tellings(database) == 0
    bot.ben.wait(lambda: told(bot, "I could not take 2 of the lessons that you taught me"))


def test_of_two_that_read_the_same_one_takes_it(bot: Running, database: Database, noting: Noting, monkeypatch: pytest.MonkeyPatch) -> None:
    telling = left(bot, 1, "The spare valve hangs behind the door.")

    def overtaken(*_: object) -> None:
        with database.write() as session:
            session.get_one(Telling, telling.id).generation += 1

    monkeypatch.setattr(settling, "consider", overtaken)
    assert noting.step()
    assert tellings(database) == 1
    with database.write() as session:
        assert session.query(Lesson).filter(Lesson.text.contains("spare valve")).count() == 0
        session.query(Telling).delete()


def test_what_is_told_later_or_forgotten_meanwhile_counts_as_if_all_was_read_at_once(bot: Running, database: Database, noting: Noting) -> None:
    bot.ben.command("/teach", "The boat key hangs in the shed.")
    telling = left(bot, 1, "The boat key hangs in the shed.", "The boat is washed on Mondays.")
    with database.write() as session:
        session.get_one(Telling, telling.id).lease_until = now() + timedelta(seconds=60)  # somebody is at it
    assert bot.ben.command("/teach", "The boat is now washed on Sundays.")["text"] == "I am reading that …"
    assert not noting.step(), "what was told before comes first"
    assert "still reading" in bot.ben.command("/forget", "trapdoor")["text"]
    with database.write() as session:
        ops = channels.known(session, "C0OPS")
        assert lessons.forget(session, ops, [lesson.id for lesson in finding.find(session, ops, "boat key shed")], "U0BEN")
        session.get_one(Telling, telling.id).lease_until = now() - timedelta(seconds=1)
    assert noting.step()
    assert noting.step()
    with database.read() as session:
        known = [lesson.text for lesson in lessons.in_force(session, channels.known(session, "C0OPS")) if "boat" in lesson.text.lower()]
    assert known == ["The boat is now washed on Sundays."]


def test_of_a_channel_that_is_deleted_nothing_more_is_taken(bot: Running, database: Database, noting: Noting) -> None:
    with database.write() as session:
        room = channels.ensure(session, TEAM, "C0GONE")
        session.add(Telling(channel_id=room.id, author="U0BEN", lines=["The spare wheel hangs behind the door."], respond_to="http://127.0.0.1:9/"))
        session.flush()
        lifecycle.apply(session, room, Removed("E1", "channel_deleted", "", TEAM, "C0GONE", False), "U0NIGHT")
    assert tellings(database) == 0
    assert not noting.step()


def test_what_was_corrected_while_it_waited_stays_corrected(bot: Running, database: Database, noting: Noting) -> None:
    telling = left(bot, 1, "The canoe is washed on Fridays.", "The canoe is now washed on Mondays.")
    with database.write() as session:
        session.get_one(Telling, telling.id).created_at = now() - timedelta(minutes=5)
        lessons.teach(session, channels.known(session, "C0OPS"), "The canoe is now washed on Sundays.", "U0BEN")
    assert noting.step()
    with database.read() as session:
        known = [lesson.text for lesson in lessons.in_force(session, channels.known(session, "C0OPS")) if "canoe" in lesson.text]
    assert known == ["The canoe is now washed on Sundays."]


def test_a_bot_that_ends_leaves_the_rest_to_the_next(bot: Running, database: Database, noting: Noting) -> None:
    left(bot, 1, "The spare chain hangs behind the door.")
    noting.loop.end()
    assert not noting.step()
    assert Noting(database, noting.workspaces).step(), "at once"
    assert tellings(database) == 0


def test_of_many_lines_those_that_replace_come_first_with_their_buttons(bot: Running) -> None:
    bot.ben.command("/teach", "The sauna is heated on Mondays.")
    answer = bot.ben.command("/teach", "The towels hang in the corridor.\nThe sauna is now heated on Sundays.")
    assert answer["text"].count("Noted") == 2
    assert [block["type"] for block in answer["blocks"]] == ["section", "actions", "section"]
    assert "It replaces" in str(answer["blocks"][0])
