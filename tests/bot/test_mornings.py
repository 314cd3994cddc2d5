"""What a channel reads in the morning: when, who, and what the bot wonders; and what becomes of the answers."""

from datetime import timedelta

import pytest

from bot import instructions
from learning.memory import channels, lessons, wondering
from learning.night import dreaming, nights
from learning.night.morning import EVER
from learning.night.outcome import Outcome, conclude
from learning.records import Announcement, Channel, Lesson, LessonStatus, Night, Question, Work, now
from learning.school import School
from tests.conftest import Running

CARD = {"recall": 0.9, "proven": 2, "lessons": 2, "general": 1.0, "unknown": 1.0, "reason": ""}


def night_ends(school: School, comes_in: timedelta | None = None, asks: bool = True) -> Night:
    with school.database.write() as session:
        ops = channels.find(session, "C0OPS")
        assert ops
        night = nights.open_another(session, ops, now().date(), "nightly")
        night.state = Work.RUNNING
        session.flush()
        wonders = dreaming.wonders(session, ops, lessons.in_force(session, ops), EVER) if asks else ()
        conclude(session, night, Outcome("promoted", "C0OPS@v1", CARD), now() + comes_in if comes_in else None, wonders)
        return night


def report(bot: Running) -> dict[str, object]:
    found = bot.ana.wait(lambda: [m for m in bot.ana.messages() if "I wondered" in m["text"]])
    return dict(found[-1])


def test_what_was_asked_in_vain_is_asked_in_the_morning_and_an_answer_becomes_a_proposal(bot: Running) -> None:
    asked = bot.ben.say("@nightschool where is the spare valve?")
    bot.ben.reply(asked)
    bot.ana.wait(lambda: _done(bot.school, "where is the spare valve?"))
    night_ends(bot.school)
    told = report(bot)
    assert "1. Somebody asked: where is the spare valve? Who knows?" in str(told["text"])
    bot.cleo.say("why do you ask?", str(told["ts"]))
    answered = bot.cleo.say("It hangs behind the boiler.", str(told["ts"]))
    assert "waits for a workspace admin" in bot.cleo.reply(str(told["ts"]), after=answered)["text"]
    with bot.school.database.read() as session:
        lesson = session.query(Lesson).filter_by(text="It hangs behind the boiler.").one()
        assert (lesson.status, lesson.question, lesson.author) == (LessonStatus.PROPOSED, "where is the spare valve?", "U0CLEO")
    bot.cleo.say("thanks everybody, great work", str(told["ts"]))
    quiet = night_ends(bot.school, asks=False)
    bot.ana.wait(lambda: _said(bot.school, quiet))
    with bot.school.database.read() as session:
        report_ts = session.query(Announcement).filter_by(key=f"night-{quiet.id}").one().reply_ts
        before = session.query(Question).count()
    bot.cleo.say("that is a fine report, all in all", report_ts)
    bot.ben.delete(asked)
    assert bot.ana.wait(lambda: wondering.TAKEN_BACK in next(m["text"] for m in bot.ana.messages() if m["ts"] == told["ts"]))
    with bot.school.database.read() as session:
        assert session.query(Question).count() == before, "neither thanks nor what is said under a report that asked nothing is an answer"
        assert [row.text for row in session.query(Announcement).filter(Announcement.text.contains("spare valve"))] == []


def _done(school: School, text: str) -> bool:
    with school.database.read() as session:
        return session.query(Question).filter_by(text=text, state=Work.DONE).count() > 0


def test_a_report_waits_for_morning(bot: Running) -> None:
    night = night_ends(bot.school, timedelta(hours=3), asks=False)
    with bot.school.database.write() as session:
        session.add(Announcement(channel_id=night.channel_id, key="after it", text="The kettle is on."))
    bot.ana.wait(lambda: [m for m in bot.ana.messages() if m["text"] == "The kettle is on."])
    with bot.school.database.write() as session:
        waiting = session.query(Announcement).filter_by(key=f"night-{night.id}").one()
        assert waiting.state == Work.WAITING, "what came after it was not kept back"
        waiting.due_at = now()
    bot.ana.wait(lambda: _said(bot.school, night))


def _said(school: School, night: Night) -> bool:
    with school.database.read() as session:
        return session.query(Announcement).filter_by(key=f"night-{night.id}", state=Work.DONE).count() == 1


def test_reports_go_where_they_are_wanted(bot: Running) -> None:
    assert "Only workspace admins" in bot.ben.command("/nightschool", "reports off")["text"]
    assert "`admins`" in bot.ana.command("/nightschool", "reports everywhere")["text"]
    assert "alone" in bot.ana.command("/nightschool", "reports admins")["text"]
    before = len(bot.ana.messages())
    night_ends(bot.school, asks=False)

    def privately() -> list[str]:
        direct = next(c for c in bot.ana.state()["channels"] if c["direct"] == "U0ANA")
        return [m["text"] for m in direct["messages"] if m["text"].startswith("#ops: ")]

    assert bot.ana.wait(privately)
    assert len(bot.ana.messages()) == before
    bot.ana.command("/nightschool", "reports off")
    night = night_ends(bot.school)
    with bot.school.database.read() as session:
        assert session.query(Announcement).filter_by(key=f"night-{night.id}").count() == 0
    assert "everybody" in bot.ana.command("/nightschool", "reports channel")["text"]


@pytest.mark.parametrize(
    ("taught", "wonders"),
    [
        (("The side door is locked at 19:00.", "The front door is locked at 22:00."), "Which of these holds?"),
        (
            (
                "kestrel is owned by Marek.", "kestrel listens on port 8080.", "heron is owned by Ulla.", "heron listens on port 9090.",
                "osprey is owned by Ines.", "osprey listens on port 7070.", "quince listens on port 6060.",
            ),
            "What about quince?",
        ),
        (("Lunch is at noon.", "Marek owns the scanner."), ""),
    ],
)  # fmt: skip
def test_it_wonders_about_what_contradicts_and_what_it_knows_by_half(school: School, taught: tuple[str, ...], wonders: str) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, "T1", "C1")
        for text in taught:
            session.add(Lesson(channel_id=channel.id, text=text, digest=text, author="U1", status=LessonStatus.APPROVED))
        session.flush()
        found = dreaming.wonders(session, session.get_one(Channel, channel.id), lessons.in_force(session, channel), EVER)
    assert [wonders in wonder["said"] for wonder in found] == ([True] if wonders else [])


def test_it_asks_two_things_at_most_and_none_of_them_again(school: School) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, "T1", "C1")
        for number, text in enumerate(("who has the van?", "who has the key?", "who has the map?")):
            session.add(Question(channel_id=channel.id, ts=f"{number}.0", author="U1", text=text, state=Work.DONE, answer={"how": "abstained"}))
        session.flush()
        first = dreaming.wonders(session, channel, (), EVER)
        session.add(Announcement(channel_id=channel.id, key="night-1", text="", wonders=first))
        session.flush()
        second = dreaming.wonders(session, channel, (), EVER)
    assert [wonder["asked"] for wonder in first] == ["who has the map?", "who has the key?"]
    assert [wonder["asked"] for wonder in second] == ["who has the van?"]


def test_what_is_wondered_pings_nobody_and_what_it_belongs_to_stands_by_itself(school: School) -> None:
    with school.database.write() as session:
        channel = channels.ensure(session, "T1", "C1")
        session.add(Question(channel_id=channel.id, ts="1.0", author="U1", text="who is <!channel>", state=Work.DONE, answer={"how": "abstained"}))
        session.flush()
        (wonder,) = dreaming.wonders(session, channel, (), EVER)
    assert "<!channel>" not in wonder["said"]
    assert instructions.with_question("quince listens port?", "It is 8052.").startswith("Q: quince")
    assert instructions.with_question("where is parking?", "Behind building 4.") == "Q: where is parking? A: Behind building 4."
    for leaning in ("and its port?", "who has it?", "what is its port?", "why?"):
        assert instructions.with_question(leaning, "It is 8052.") == "It is 8052."


def test_which_of_two_things_an_answer_is_about() -> None:
    first = [
        {"said": "Somebody asked: who has the map? Who knows?", "asked": "who has the map?"},
        {"said": "Somebody asked: who has the key?", "asked": "who has the key?"},
    ]
    report = Announcement(wonders=first)
    assert wondering.meant(report, "2. Cleo does")[0]["asked"] == "who has the key?"
    assert wondering.meant(report, "Ben keeps the map in his bag")[0]["asked"] == "who has the map?"


def test_who_asks_back_or_will_find_out_has_not_answered() -> None:
    for said in ("who owns quince", "who would know that", "let me check with Ben", "I'll ask facilities tomorrow", "is it Ana?", "Ana"):
        assert not wondering.is_answer(said)
    for said in ("Ana has it", "in the blue box", "Ines, since last week", "its owner is Ana", "and Ines has one", "I think Ana"):
        assert wondering.is_answer(said)
