"""A rule and its exception: both hold until somebody has said."""

import pytest

from learning.memory import guard, replacing
from learning.memory.encoder import Alike
from learning.memory.exceptions import limit
from learning.records import Lesson
from tests.conftest import lesson

RULES = [
    ("Parking costs 5 euros a day.", "Parking for visitors costs 8 euros a day.", "what is the price of parking?", "what do visitors pay for parking?"),
    ("Vacation: 28 days.", "Vacation for new employees: 25 days.", "how many days of vacation do we get?", "vacation days of new employees?"),
    ("The kiosk opens at 8:00.", "The kiosk opens at 10:00 on Sundays.", "when does the kiosk open?", "when does the kiosk open on sunday?"),
    ("The kiosk opens at 8:00.", "In winter the kiosk opens at 10:00.", "when does the kiosk open?", "when does the kiosk open in winter?"),
    ("The standup is at 9:30.", "The Monday standup is at 10:00.", "when is standup?", "when is the standup on mondays?"),
    ("The office manager is Anna.", "The office manager in Berlin is Bob.", "who is the office manager?", "who is the office manager in berlin?"),
    ("The gate code is 4411.", "The gate code is 7722 after 18:00.", "what is the gate code?", "what is the gate code after 18:00?"),
    ("Refunds take 5 days.", "Refunds take 10 days, but only for gift cards.", "how long do refunds take?", "how long do refunds of gift cards take?"),
    (
        "Laptops are replaced after 3 years.",
        "Laptops of developers are replaced after 2 years.",
        "when are laptops replaced?",
        "when do developers get new laptops?",
    ),
]
OTHERS = (
    "Lunch is at noon.", "Marek owns heron.", "Silver customers get an answer within 16 hours.", "The printer is on the third floor.",
    "Invoices are paid on the 15th.", "The kiln is fired by Leonie.",
)  # fmt: skip


def channel(old: str, new: str) -> list[Lesson]:
    return [lesson(number, text) for number, text in enumerate((old, new, *OTHERS), 1)]


@pytest.mark.parametrize(("rule", "exception", "_", "__"), RULES)
def test_somebody_is_asked_whichever_was_taught_first(rule: str, exception: str, _: str, __: str, alike: Alike) -> None:
    for old, new in ((rule, exception), (exception, rule)):
        known = channel(old, new)
        assert replacing.REPLACES > replacing.certainty(known[1], known[0], alike) >= replacing.PERHAPS
        assert replacing.contradicted(known, alike, excepting=True) == {1: [known[1]]}, "asked in the morning"
        assert not replacing.contradicted(known, alike), "both are studied"


@pytest.mark.parametrize(("rule", "exception", "of_the_rule", "of_the_exception"), RULES)
def test_each_answers_what_asks_for_it(rule: str, exception: str, of_the_rule: str, of_the_exception: str, alike: Alike) -> None:
    for old, new in ((rule, exception), (exception, rule)):
        known = channel(old, new)
        for known[1].beside in ([], [1]):  # before somebody has said that both stand, and after
            for question, right in ((of_the_rule, rule), (of_the_exception, exception)):
                best = guard.weigh(question, known, alike)[0]
                assert (best.hit.lesson.text, best.certainty > guard.SURE) == (right, True)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("The kiosk opens at 10:00.", "The kiosk opens at 8:00."),
        ("From 4 August 2025 the kiosk opens at 10:00.", "The kiosk opens at 8:00."),
        ("The kiosk opens at 10:00 starting 4 August 2025.", "The kiosk opens at 8:00."),
        ("I was told that the kiosk opens at 10:00.", "The kiosk opens at 8:00."),
        ("Attention: the kiosk opens at 10:00.", "The kiosk opens at 8:00."),
        ("The kiosk opens at 10:00 except on Mondays.", "The kiosk opens at 8:00."),
        ("The emergency assembly point is the car park.", "The emergency assembly point is the fountain."),
        ("Log level in production is debug.", "Log level in production is warning."),
        ("We shifted standup to 11:15, see you there.", "Standup is at 9:40."),
        ("Standup is at 11:15 in room Fern.", "Standup is at 9:40."),
        ("Deploys happen on Thursdays at 15:00.", "Deploys happen on Tuesdays."),
        ("The wifi password is meadow77, ask IT if it fails.", "The wifi password is sunrise42."),
        ("Support phone number is 4712 (ask for Lena).", "Support phone is 4711."),
        ("The rent is 1200 euros including heating.", "The rent is 1000 euros."),
        ("The API limit is 200 requests per minute.", "The API limit is 100 requests."),
        ("Bob owns billing.", "Anna owns invoices."),
        ("Crew call for Dunmarrow Quay: 04:45", "For quillan, clone marsh-lantern."),
        ("", "🙂"),
    ],
)
def test_another_value_alone_limits_nothing(new: str, old: str) -> None:
    assert not limit(new, old)


@pytest.mark.parametrize("new", ["The kiosk now opens at 10:00 on Sundays.", "I was wrong, the kiosk opens at 10:00 on Sundays."])
def test_what_says_that_something_changed_is_preferred(new: str, alike: Alike) -> None:
    assert limit(new, "The kiosk opens at 8:00.") == ("Sundays",)
    assert guard.weigh("when does the kiosk open?", channel("The kiosk opens at 8:00.", new), alike)[0].hit.lesson.text == new


def test_what_is_asked_for_in_other_words_is_not_taken_for_the_rule(alike: Alike) -> None:
    known = channel("Parking costs 5 euros a day.", "Parking for visitors costs 8 euros a day.")
    assert guard.weigh("what is the price of parking for guests?", known, alike)[0].hit.lesson is known[1]
    assert not replacing.outdates("how much is parking for trucks?", *known[:2], alike)
    assert not replacing.outdates("how much is parking for trucks?", *known[1::-1], alike)
