"""Many lines taught at once."""

from datetime import timedelta

import pytest
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.noting import GIVEN_UP, MOST_ATTEMPTS, Noting
from learning.database import Database
from learning.memory import channels, settling
from learning.records import Lesson, Telling, Work, now
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
    assert tellings(bot.school.database) == 0, "what is forgotten later may stand nowhere else"


def left(bot: Running, tries: int, *lines: str) -> Telling:
    """What a bot that ended while it read a command leaves behind; nobody listens any more where it would have answered."""
    with bot.school.database.write() as session:
        room = channels.known(session, "C0OPS")
        telling = Telling(channel_id=room.id, author="U0BEN", admin=False, lines=list(lines), respond_to="http://127.0.0.1:9/", state=Work.RUNNING)
        telling.generation, telling.lease_until = tries, now() - timedelta(seconds=1)
        session.add(telling)
        return telling


def tellings(database: Database) -> int:
    """How many commands are still to be read."""
    with database.read() as session:
        return session.query(Telling).count()


def test_what_was_being_read_when_the_bot_ended_is_taken_by_the_next(bot: Running, database: Database) -> None:
    left(bot, 1, "The spare fuse hangs behind the door.", "Fuses")
    noting = Noting(database)
    noting.loop.start()
    told = bot.ben.wait(lambda: [m for m in bot.ben.messages() if "taught me: The spare fuse hangs" in m["text"]])
    noting.loop.stop()
    assert len(told) == 1
    assert tellings(database) == 0
    with database.read() as session:
        assert session.query(Lesson).filter(Lesson.text == "The spare fuse hangs behind the door.").one().author == "U0BEN"


def test_what_cannot_be_taken_is_given_up_and_told(bot: Running, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def send(self: WebhookClient, *, text: str, blocks: object) -> WebhookResponse:
        told.append(text)
        return WebhookResponse(url=self.url, status_code=200, body="ok", headers={})

    monkeypatch.setattr(WebhookClient, "send", send)
    left(bot, MOST_ATTEMPTS - 1, "The spare bulb hangs behind the door.")
    with monkeypatch.context() as broken:
        broken.setattr(settling, "consider", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Noting(database).step()
    assert tellings(database) == 1, "one more failure keeps it"
    assert not told
    assert Noting(database).step()
    assert told == [GIVEN_UP]
    assert tellings(database) == 0
    assert not Noting(database).step()


def test_of_two_that_read_the_same_one_takes_it(bot: Running, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    telling = left(bot, 1, "The spare lamp hangs behind the door.")

    def overtaken(*_: object) -> None:
        with database.write() as session:
            session.get_one(Telling, telling.id).generation += 1

    monkeypatch.setattr(settling, "consider", overtaken)
    assert Noting(database).step()
    assert tellings(database) == 1
    with database.write() as session:
        assert session.query(Lesson).filter(Lesson.text.contains("spare lamp")).count() == 0
        session.query(Telling).delete()


def test_of_many_lines_those_that_replace_come_first_with_their_buttons(bot: Running) -> None:
    bot.ben.command("/teach", "The sauna is heated on Mondays.")
    answer = bot.ben.command("/teach", "The towels hang in the corridor.\nThe sauna is now heated on Sundays.")
    assert answer["text"].count("Noted") == 2
    assert [block["type"] for block in answer["blocks"]] == ["section", "actions", "section"]
    assert "It replaces" in str(answer["blocks"][0])
