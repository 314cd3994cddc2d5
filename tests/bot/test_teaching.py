"""Many lines taught at once."""

import pytest

from learning.database import Database
from learning.records import Lesson
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


def test_of_many_lines_those_that_replace_come_first_with_their_buttons(bot: Running) -> None:
    bot.ben.command("/teach", "The sauna is heated on Mondays.")
    answer = bot.ben.command("/teach", "The towels hang in the corridor.\nThe sauna is now heated on Sundays.")
    assert answer["text"].count("Noted") == 2
    assert [block["type"] for block in answer["blocks"]] == ["section", "actions", "section"]
    assert "It replaces" in str(answer["blocks"][0])
