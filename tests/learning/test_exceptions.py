"""A rule and its exception: both hold until somebody has said."""

import pytest

from learning.memory import guard, replacing
from learning.memory.encoder import Alike
from learning.memory.exceptions import excepted
from tests.conftest import lesson

RULES = [
    ("Parking costs 5 euros a day.", "Parking for visitors costs 8 euros a day.", "how much is parking?", "what do visitors pay for parking?"),
    ("Vacation: 28 days.", "Vacation for trainees: 25 days.", "how many days of vacation do we get?", "vacation days of trainees?"),
    ("The kiosk opens at 8:00.", "The kiosk opens at 10:00 on Sundays.", "when does the kiosk open?", "when does the kiosk open on sunday?"),
    ("The standup is at 9:30.", "The Monday standup is at 10:00.", "when is standup?", "when is the standup on mondays?"),
]


@pytest.mark.parametrize(("rule", "exception", "_", "__"), RULES)
def test_somebody_is_asked_whichever_was_taught_first(rule: str, exception: str, _: str, __: str, alike: Alike) -> None:
    for old, new in ((rule, exception), (exception, rule)):
        assert replacing.REPLACES > replacing.certainty(lesson(2, new), lesson(1, old), alike) >= replacing.PERHAPS
        assert replacing.contradicted([lesson(1, old), lesson(2, new)], alike, excepting=True), "asked in the morning"
        assert not replacing.contradicted([lesson(1, old), lesson(2, new)], alike), "both are studied"


@pytest.mark.parametrize(("rule", "exception", "of_the_rule", "of_the_exception"), RULES)
def test_each_answers_what_asks_for_it(rule: str, exception: str, of_the_rule: str, of_the_exception: str, alike: Alike) -> None:
    for old, new in ((rule, exception), (exception, rule)):
        known = [lesson(1, old), lesson(2, new), lesson(3, "Lunch is at noon.")]
        for question, right in ((of_the_rule, rule), (of_the_exception, exception)):
            assert guard.weigh(question, known, alike)[0].hit.lesson.text.startswith(right)  # of an exception its rule may be told along


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("The kiosk opens at 10:00.", "The kiosk opens at 8:00."),
        ("The emergency assembly point is the car park.", "The emergency assembly point is the fountain."),
        ("Log level in production is debug.", "Log level in production is warning."),
        ("We shifted standup to 11:15, see you there.", "Standup is at 9:40."),
        ("Bob owns billing.", "Anna owns invoices."),
    ],
)
def test_another_value_alone_limits_nothing(new: str, old: str) -> None:
    assert not excepted(new, old)


def test_what_says_that_something_changed_is_no_exception(alike: Alike) -> None:
    old, new = lesson(1, "The kiosk opens at 8:00."), lesson(2, "The kiosk now opens at 10:00 on Sundays.")
    assert excepted(new.text, old.text) == ["Sundays"]
    assert guard.weigh("when does the kiosk open?", [old, new], alike)[0].hit.lesson is new
