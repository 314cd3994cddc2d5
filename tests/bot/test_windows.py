"""The window in which a lesson is written, from a message or by an empty command; and who has to approve it."""

import pytest

from learning import registry
from learning.database import Database
from learning.memory import channels, lessons
from learning.night import nights
from learning.records import Lesson, LessonStatus, Message, Work, now
from tests.conftest import Running


@pytest.fixture
def database(bot: Running) -> Database:
    return bot.school.database


def test_what_somebody_wrote_who_opted_out_is_no_lesson(bot: Running) -> None:
    ts = bot.cleo.say("The stapler of room Fern is broken.")
    bot.cleo.command("/nightschool", "optout")
    bot.ben.shortcut(ts, "teach_this")
    assert "has opted out" in str(bot.ben.window()["blocks"])
    bot.cleo.command("/nightschool", "optin")


def test_a_message_and_an_empty_command_open_the_window_too(bot: Running) -> None:
    ts = bot.ben.say("The projector of room Fern needs the grey adapter.")
    bot.ben.shortcut(ts, "teach_this")
    assert "grey adapter" in str(bot.ben.window()["blocks"]), "what the message says stands there already"
    assert bot.ben.submit() == {}
    assert "grey adapter" in bot.ana.wait(lambda: [m for m in bot.ana.messages() if "taught me" in m["text"] and "projector" in m["text"]])[0]["text"]
    bot.ana.command("/teach", "")
    assert "one word" in bot.ana.submit(lesson="Heater")["lesson"]
    assert bot.ana.submit(lesson="The heater of room Fern is off on Fridays.") == {}


def test_what_becomes_of_a_message_from_before_it_was_here_reaches_what_was_taught_from_it(bot: Running, database: Database) -> None:
    def logged(ts: str, deleted: bool = False) -> bool:
        with database.read() as session:
            return any(bool(message.deleted_at) == deleted for message in session.query(Message).filter_by(ts=ts))

    def edited(ts: str) -> bool:
        with database.read() as session:
            return session.query(Message).filter(Message.ts == ts, Message.edited_ts.is_not(None)).count() > 0

    def known() -> int:
        with database.read() as session:
            return session.query(Lesson).filter(Lesson.text.contains("7718"), Lesson.status != LessonStatus.FORGOTTEN).count()

    ts = bot.ana.say("The key of the drawer is under plant pot 7718.")
    bot.ana.wait(lambda: logged(ts))
    with database.write() as session:
        session.query(Message).filter_by(ts=ts).delete()  # as if it was said before the bot came
    bot.ben.shortcut(ts, "teach_this")
    assert bot.ben.submit() == {}
    assert known() == 1
    bot.ana.edit(ts, "The key of the drawer is with me.")
    assert bot.ana.wait(lambda: known() == 0)
    gone = bot.ana.say("The kettle of room Fern is descaled on Fridays.")
    bot.ben.shortcut(gone, "teach_this")
    bot.ben.wait(lambda: "descaled" in str(bot.ben.window()["blocks"]))
    bot.ana.edit(gone, "The kettle of room Fern is descaled on Mondays.")
    bot.ana.wait(lambda: edited(gone))
    assert "edited meanwhile" in bot.ben.submit()["lesson"]
    bot.ana.delete(gone)
    bot.ana.wait(lambda: logged(gone, deleted=True))
    assert "deleted meanwhile" in bot.ben.submit()["lesson"]


def test_what_is_told_of_a_lesson_is_true(bot: Running, database: Database) -> None:
    with database.write() as session:
        ops = channels.known(session, "C0OPS")
        lessons.teach(session, ops, "The gutter is cleaned in autumn.", "you")
    assert "taught on the command line" in str(bot.ben.command("/lessons", "gutter"))
    assert "learn it by heart tonight" in bot.ben.command("/teach", "The gutter is cleaned in autumn.")["text"]
    bot.ana.command("/nightschool", "pause")
    assert "My nights are paused" in bot.ben.command("/teach", "The moss is scraped off in spring.")["text"]
    bot.ben.wait(lambda: [m for m in bot.ben.messages() if "taught me: The moss" in m["text"]])
    assert [m["text"] for m in bot.ben.messages() if "taught me: The gutter" in m["text"]] == [":books: <@U0BEN> taught me: The gutter is cleaned in autumn."]
    bot.ana.command("/nightschool", "resume")
    with database.write() as session:
        moss = session.query(Lesson).filter(Lesson.text.contains("moss")).one()
        moss.status = LessonStatus.LEARNED
    assert "learn it by heart tonight" in bot.ben.command("/teach", "The moss is scraped off in spring.")["text"], "no adapter serves that knows it"
    with database.write() as session:
        room = channels.known(session, "C0OPS")
        night = nights.open_another(session, room, now().date(), "sleep")
        night.state = Work.DONE
        registry.promote(session, registry.reserve(session, room, night, "another", [moss], "s"), {moss.id})
    assert "I know it by heart already." in bot.ben.command("/teach", "The moss is scraped off in spring.")["text"]


def test_of_a_channel_that_it_has_just_joined_it_asks_how_many_there_are(bot: Running, database: Database) -> None:
    with database.write() as session:
        channels.known(session, "C0OPS").members = None
    for number in range(21):
        bot.ana.act("invite", channel="C0OPS", user=f"U0NEW{number}")
    assert "waits for somebody else" in bot.ben.command("/teach", "The gong is struck at noon.")["text"]
