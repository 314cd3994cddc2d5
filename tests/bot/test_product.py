"""The bot in Slack, without nights: windows, votes, threads, commands, approval, the Home tab. The real Bolt app in this process, over Socket Mode."""

import pytest

from bot import blocks
from bot.sandbox.workspace import TEAM
from learning.answers import Answer
from learning.database import Database
from learning.memory import channels, lessons
from learning.records import Lesson, LessonStatus, Person, Reaction
from tests.conftest import Running, how, lesson


@pytest.fixture
def database(bot: Running) -> Database:
    return bot.school.database


def test_the_quiet_line_says_who_may_know_and_pings_nobody() -> None:
    said = Answer("who fires the kiln?", "I don't know that yet.", "abstained", near=lesson(1, "The kiln is fired on Tuesdays."))
    shown = str(blocks.answer(said, {"U1": "ana"}))
    assert "ana taught me something near that" in shown
    assert "<@" not in shown
    assert "taught me" not in str(blocks.answer(said, {}))
    said.certainty = 0.5
    assert "taught (by ana): “The kiln is fired on Tuesdays.”" in str(blocks.answer(said, {"U1": "ana"})), "likelier than not, but not sure enough to say so"
    assert "taught: “The kiln" in str(blocks.answer(said, {}))


def test_what_is_not_known_can_be_taught_in_a_window_and_a_wrong_answer_corrected(bot: Running, database: Database) -> None:
    ben = bot.ben
    reply = bot.noted(ben.ask("where do we keep the spare badges?"))
    assert how(reply) == "abstained"
    ben.click(reply["ts"], "teach_me")
    assert "spare badges" in str(ben.window()["blocks"]), "the question is shown"
    assert ben.submit(lesson="Spare badges are in drawer 3.") == {}
    assert not ben.state()["views"]
    right = bot.noted(ben.ask("where do we keep the spare badges?"))
    assert (how(right), right["text"]) == ("recall", "Spare badges are in drawer 3.")
    ben.click(right["ts"], "feedback", "bad")
    ben.submit(lesson="Spare badges are in drawer 5.")
    assert bot.ana.wait(lambda: "drawer 5" in ben.ask("where do we keep the spare badges?")["text"])
    ben.click(right["ts"], "feedback", "good")
    with database.read() as session:
        assert [r.emoji for r in session.query(Reaction).filter_by(ts=right["ts"], author="U0BEN")] == ["+1::voted"], "the last vote counts"
        replaced = session.query(Lesson).filter_by(text="Spare badges are in drawer 3.").one()
        assert replaced.status == LessonStatus.SUPERSEDED


def test_what_people_did_about_a_lesson_is_shown_with_it_and_taken_back_with_it(bot: Running) -> None:
    bot.ben.command("/teach", "The canteen opens at half past eleven.")
    answer = bot.cleo.ask("when does the canteen open?")

    def history() -> str:
        return str(bot.ben.command("/nightschool", "lessons canteen")["blocks"])

    assert "asked once" in history()
    bot.cleo.react(answer["ts"], "-1")
    assert bot.ben.wait(lambda: "👎 1" in history())
    bot.cleo.react(answer["ts"], "-1", added=False)
    assert bot.ben.wait(lambda: "👎" not in history())
    bot.cleo.react(answer["ts"], "white_check_mark")
    assert bot.ben.wait(lambda: "👍 1" in history())


def test_in_a_thread_it_can_be_told_to_remember_to_forget_and_that_it_was_wrong(bot: Running, database: Database) -> None:
    ben = bot.ben
    root = ben.say("who is driving on Friday?")
    noted = ben.ask("remember that Cleo drives the van on Fridays.", root)
    assert noted["text"].startswith("Noted: Cleo drives the van on Fridays.")
    answer = ben.ask("who drives the van on Fridays?", root)
    assert (how(answer), answer["text"]) == ("recall", "Cleo drives the van on Fridays.")
    assert root.replace(".", "") not in str(answer["blocks"])
    assert "archives/C0OPS" in str(answer["blocks"]), "the source is the message that said so"
    corrected = ben.ask("that's wrong: Marek drives the van on Fridays.", root)
    assert "It replaces: Cleo drives the van on Fridays." in corrected["text"]
    with database.read() as session:
        assert [r.emoji for r in session.query(Reaction).filter_by(ts=answer["ts"])] == ["-1::voted"]
    assert "What should I have said?" in ben.ask("that's wrong, sorry", root)["text"], "no lesson"
    replaced = ben.ask("forget that Cleo drives the van on Fridays", root)
    assert "Cleo drives the van" in str(replaced["blocks"]), "also what holds no longer can be named, and holds nothing up"
    asked_back = ben.ask("forget that Marek drives the van", root)
    assert "Marek drives the van on Fridays." in str(asked_back["blocks"])
    bot.cleo.click(asked_back["ts"], "forget")
    assert bot.cleo.wait(lambda: [m for m in bot.cleo.messages() if "Only whoever taught it" in m["text"]])
    assert how(ben.ask("who drives the van on Fridays?", root)) == "recall"
    ben.click(asked_back["ts"], "forget")
    assert how(ben.ask("who drives the van on Fridays?", root)) == "abstained"
    assert "one word" in ben.ask("remember otters", root)["text"]


def test_everything_can_be_done_by_one_command_whose_name_no_other_app_takes(bot: Running, database: Database) -> None:
    def said(text: str, who: str = "ben") -> str:
        answer = getattr(bot, who).command("/nightschool", text)
        return f"{answer['text']} {answer.get('blocks', '')}"

    assert "Noted" in said("teach The kiln is fired on Tuesdays.")
    assert "Noted" in said("teach The kiln door is cleaned by Wednesday evening.")
    bot.ben.command("/nightschool", "teach")
    assert "What should I know?" in str(bot.ben.window()["blocks"]), "as /teach does"
    everything = said("lessons kiln")
    assert "2 lessons" in everything
    assert "2 lessons" in bot.ben.command("/lessons", "kiln")["text"]
    assert "U0BEN" in everything, "who taught it"
    assert "looked up until a night has taught it" in everything
    assert "Nothing like that" in said("lessons submarine page 2")
    assert "lessons" in said("status")
    bot.ben.ask("who polishes the bell?")
    assert bot.ben.wait(lambda: "who polishes the bell?" in said("gaps")), "as soon as its answer is noted"
    assert "door is cleaned" in said("forget kiln door")
    for command in ("sleep", "pause", "resume", "rollback"):
        assert "Only workspace admins" in said(command)
    assert "paused" in said("pause", "ana")
    assert "paused" in said("status")
    with database.read() as session:
        assert "C0OPS" not in [channel.slack_id for channel in channels.active(session)]
    assert "study again" in said("resume", "ana")
    assert "no such version" in said("rollback 77", "ana")
    assert "by its number" in said("rollback latest", "ana")
    assert "no night here yet" in said("report")


def test_a_lesson_that_replaces_another_shows_both_and_asks(bot: Running, database: Database) -> None:
    def standing(word: str) -> list[str]:
        with database.read() as session:
            channel = channels.find(session, "C0OPS")
            assert channel
            return [lesson.text for lesson in lessons.in_force(session, channel) if word in lesson.text]

    bot.ben.command("/teach", "The gate is locked at 19:00.")
    asked = bot.ben.command("/teach", "The gate is now locked at 21:00.")
    assert "It replaces: The gate is locked at 19:00." in asked["text"]
    assert standing("gate") == ["The gate is now locked at 21:00."]
    bot.ben.click(asked["ts"], "keep_both")
    assert len(standing("gate")) == 2
    again = bot.ben.command("/teach", "The gate is now locked at 23:00.")
    bot.ben.click(again["ts"], "cancel")
    assert sorted(standing("gate")) == ["The gate is locked at 19:00.", "The gate is now locked at 21:00."]
    bot.cleo.command("/teach", "The gate is now locked at 23:30.")
    repeated = bot.ben.command("/teach", "The gate is now locked at 23:30.")
    bot.ben.click(repeated["ts"], "cancel")
    assert bot.ben.wait(lambda: [m for m in bot.ben.messages() if "Only whoever taught it" in m["text"]]), "it is Cleo's"
    assert "The gate is now locked at 23:30." in standing("gate")


def test_what_a_mention_taught_can_be_taken_back_by_a_button_too(bot: Running, database: Database) -> None:
    bot.ben.ask("remember that the hatch is locked at 19:00.")
    noted = bot.ben.ask("remember that the hatch is now locked at 21:00.")
    assert "It replaces: the hatch is locked at 19:00." in noted["text"]
    bot.ben.click(noted["ts"], "cancel")
    with database.read() as session:
        kept = [lesson.text for lesson in session.query(Lesson) if "hatch" in lesson.text and lesson.status == LessonStatus.APPROVED]
    assert kept == ["the hatch is locked at 19:00."]


def test_a_lesson_that_may_replace_another_is_asked_about(bot: Running, database: Database) -> None:
    bot.ben.command("/teach", "The side door is locked at 19:00.")
    asked = bot.ben.command("/teach", "The front door is locked at 22:00.")
    assert "It seems to contradict: The side door is locked at 19:00." in asked["text"]
    bot.ben.click(asked["ts"], "keep_both")
    with database.read() as session:
        new = session.query(Lesson).filter_by(text="The front door is locked at 22:00.").one()
        old = session.query(Lesson).filter_by(text="The side door is locked at 19:00.").one()
        assert old.status == LessonStatus.APPROVED
        assert old.id in new.beside
    bot.ben.command("/teach", "The blue bin is emptied on Mondays.")
    other = bot.ben.command("/teach", "The black bin is emptied on Fridays.")
    bot.ben.click(other["ts"], "replace")
    with database.read() as session:
        assert session.query(Lesson).filter_by(text="The blue bin is emptied on Mondays.").one().status == LessonStatus.SUPERSEDED


def test_the_home_tab_shows_ones_own_channels_and_lets_admins_act(bot: Running, database: Database) -> None:
    ben = bot.ben.home()
    assert "#ops" in str(ben["blocks"])
    assert "lessons" in str(ben["blocks"])
    assert "home_pause" not in str(ben["blocks"]), "no admin"
    ana = bot.ana
    assert "home_pause" in str(ana.home()["blocks"])
    ana.click_home("home_pause", "C0OPS")
    assert "nights are paused" in str(ana.wait(lambda: "home_resume" in str(ana.state()["home"]) and ana.state()["home"])["blocks"])
    ana.click_home("home_resume", "C0OPS")
    ana.wait(lambda: "home_resume" not in str(ana.state()["home"]))
    bot.ben.click_home("home_opt_out")
    bot.ben.wait(lambda: "home_opt_in" in str(bot.ben.state()["home"]))
    with database.read() as session:
        person = session.get(Person, (TEAM, "U0BEN"))
        assert person
        assert person.opted_out_at
    bot.ben.click_home("home_opt_in")
    bot.ben.wait(lambda: "home_opt_out" in str(bot.ben.state()["home"]))
    ana.act("kick", channel="C0OPS", user="U0BEN")
    assert "#ops" not in str(bot.ben.home()["blocks"])
    ana.act("invite", channel="C0OPS", user="U0BEN")


def test_where_a_second_person_has_to_agree_nothing_counts_before(bot: Running) -> None:
    assert "`reviewed`" in bot.ana.command("/nightschool", "approval reviewed")["text"]
    assert "waits for somebody else" in bot.ben.command("/teach", "The loom is oiled on Sundays.")["text"]
    bot.ana.wait(lambda: [m for m in bot.ana.messages() if "suggests: The loom" in m["text"]])
    assert how(bot.ben.ask("when is the loom oiled?")) == "abstained"
    mine = bot.ben.command("/nightschool", "proposals")
    bot.ben.click(mine["ts"], "approve")
    assert bot.ben.wait(lambda: [m for m in bot.ben.messages() if "Somebody else has to decide" in m["text"]])
    theirs = bot.cleo.command("/nightschool", "proposals")
    bot.cleo.click(theirs["ts"], "approve")
    bot.ana.wait(lambda: [m for m in bot.ana.messages() if "taught me: The loom" in m["text"]])
    bot.ben.click(mine["ts"], "approve")
    assert bot.ben.wait(lambda: [m for m in bot.ben.messages() if "Nothing waits for a decision" in m["text"]]), "it was settled meanwhile"
    assert bot.ben.ask("when is the loom oiled?")["text"] == "The loom is oiled on Sundays."
    assert "`open`" in bot.ana.command("/nightschool", "approval open")["text"]


def test_where_it_is_no_member_it_asks_to_be_invited(bot: Running) -> None:
    ana = bot.ana
    ana.act("kick", channel="C0DESIGN")
    ana.channel = "C0DESIGN"
    ana.wait(lambda: "I am not in this channel" in ana.command("/teach", "The ink is in the cellar.")["text"])
    ana.act("invite", channel="C0DESIGN")
    ana.wait(lambda: "Noted" in ana.command("/teach", "The ink is in the cellar.")["text"])
    ana.wait(lambda: [m for m in ana.messages() if "I am Nightschool" in m["text"]])


def test_an_app_that_is_removed_has_no_more_nights(bot: Running, database: Database) -> None:
    bot.ana.act("uninstall")

    def left() -> bool:
        with database.read() as session:
            return not channels.active(session)

    assert bot.ana.wait(left)
