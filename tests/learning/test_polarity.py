import pytest

from learning.memory import guard, polarity, replacing
from learning.memory.encoder import Alike
from learning.memory.polarity import contrary, turned_round
from tests.conftest import lesson


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Deploys are allowed on Fridays.", "Deploys are not allowed on Fridays."),
        ("Submit invoices before the 5th.", "Submit invoices after the 5th."),
        ("Turn off the gas.", "Turn on the gas."),
        ("Room 3 has a projector.", "Room 3 has no projector."),
    ],
)
def test_small_words_that_say_the_contrary_are_seen_where_search_passes_over_them(one: str, other: str, alike: Alike) -> None:
    assert contrary(one, other)
    assert not guard.supporting("", one, [lesson(1, other)])
    assert guard.supporting("", one, [lesson(1, one)])
    assert replacing.perhaps(lesson(2, other), lesson(1, one), alike), "somebody is asked"


def test_what_tells_only_a_part_may_leave_out_what_is_denied() -> None:
    lesson = "Deploys go out on Tuesdays, not on Fridays or public holidays."
    assert not turned_round("Deploys go out on Tuesdays.", lesson)
    assert turned_round("Deploys do not go out on Tuesdays.", "Deploys go out on Tuesdays.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Room 214 has a whiteboard.", "Room 215 has a whiteboard."), ("heron-1 runs on port 8443.", "heron-2 runs on port 8443."),
        ("Shelf A3 holds the cables.", "Shelf B1 holds the cables."), ("Gate 7 opens at 06:00.", "Gate 9 opens at 06:00."),
        ("Team A meets on Mondays.", "Team B meets on Mondays."), ("Gate number 3 is locked.", "Gate number 4 is locked."),
    ],
)  # fmt: skip
def test_what_goes_by_number_does_not_replace_its_like(one: str, other: str, alike: Alike) -> None:
    assert not replacing.perhaps(lesson(2, other), lesson(1, one), alike)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Standup is at 9:30.", "Standup is at 10:00."), ("The port of heron is 8443.", "The port of heron is 9443."),
        ("5 people may be in the lift.", "6 people may be in the lift."), ("Port 8443 is used by heron.", "Port 9443 is now used by heron."),
        ("The deposit is 300 euros.", "The deposit is 500 euros."), ("Deploys take 20 minutes.", "Deploys take 35 minutes."),
        ("The scanner is written in C++.", "The scanner is written in C#."), ("The vaccine is kept at -18 °C.", "The vaccine is kept at 18 °C."),
    ],
)  # fmt: skip
def test_another_value_of_the_same_replaces_it(one: str, other: str, alike: Alike) -> None:
    assert replacing.certainty(lesson(2, other), lesson(1, one), alike) >= replacing.REPLACES


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Orders before 14:00 ship the same day.", "Orders after 14:00 ship the next day."),
        ("The office is closed on 24 December.", "The office is closed on 31 December."),
        ("The door code is 4711.", "Until Friday 6 March 2026 the door code is 9999."),
        ("Tickets with priority 1 are answered within an hour.", "Tickets with priority 2 are answered within a day."),
    ],
)
def test_where_both_may_hold_somebody_is_asked(one: str, other: str, alike: Alike) -> None:
    assert replacing.PERHAPS <= replacing.certainty(lesson(2, other), lesson(1, one), alike) < replacing.REPLACES


def test_one_answer_to_two_questions_contradicts_nothing(alike: Alike) -> None:
    heron, quince = lesson(1, "Ana"), lesson(2, "Ana")
    heron.question, quince.question = "who owns heron?", "who owns quince?"
    assert not replacing.perhaps(quince, heron, alike)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("Invoices under 1000 euros are approved by Dana.", "Invoices over 1000 euros are approved by Ines.", True),
        ("The heating is on in May.", "The heating is off in May.", False),
        ("Visitors enter with a badge.", "Visitors enter without a badge.", False),
        ("Dana is off on Fridays.", "Marek works on Fridays.", False),
    ],
)
def test_two_sides_of_one_thing_both_stand_and_a_contrary_does_not(one: str, other: str, both: bool) -> None:
    assert polarity.both_stand(one, other) is both
