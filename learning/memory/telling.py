"""The words of a lesson that say something, and which of them are values: what two lessons of the same may differ in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from learning.memory.vocabulary import SYNONYMS, is_name
from learning.memory.words import MONTHS, STOPWORDS, WEEKDAYS, WORD, stem, values, words

# Words that say that something changed, or hardly anything: a lesson with and without them says the same.
_EMPTY = frozenset(
    stem(word)
    for word in """new longer anymore instead moved changed switched renamed replaced currently starting since update updated fyi actually effective correction
    take takes place go goes run runs use uses used using still always set done doing does made keep number bought come comes""".split()
)
NUMBER = re.compile(r"\d|^(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|half)$", re.IGNORECASE)
WHEN = re.compile(rf"^({'|'.join(sorted(WEEKDAYS | MONTHS))})s?$|\d:\d\d|^\d+([ap]m|st|nd|rd|th)$|^(noon|midnight)$", re.IGNORECASE)
_MONTH = "|".join(sorted(MONTHS))
_DAY = rf"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?:\d{{1,2}}\s+[a-z]+\s+\d{{4}}|\d{{4}}-\d\d-\d\d|(?:{_MONTH})\s+\d{{4}})"
DATED = re.compile(  # from when or until when something holds is no value of it
    rf",?\s*\b(?:until|till|til|through|thru|as of|starting|effective|from|since)\s+(?:the\s+(?:week\s+of\s+)?)?{_DAY}(?:\s+on\b)?,?", re.IGNORECASE
)
DENIED = re.compile(r",?\s*\b(no longer|not)\b[^,.;]*?(\bbut\b|(?=[,.;])|$)", re.IGNORECASE)  # what no longer holds, said along with what does
TOGETHER = 1  # places between two words of one value, at most


@dataclass(frozen=True)
class Word:
    """A word of a lesson that says something; `number` is its place."""

    text: str
    is_value: bool
    number: int


def telling(text: str) -> list[Word]:
    """The words that say something; of the others some say that things changed, the rest nothing."""
    said = words(DENIED.sub(" ", text))
    held = set(values(f"x {text}"))  # the first word of a lesson is capitalised in any case
    telling = []
    for number, word in enumerate(said):
        plain = word.lower() in STOPWORDS and not word.isupper()
        counted = number == 0 and said[1:2] and said[1].isdigit()  # "Switch 3"
        if not plain and (NUMBER.search(word) or counted or stem(word) not in _EMPTY):
            telling.append(Word(word, _is_value(word, number, held), number))
    return telling


def _is_value(word: str, number: int, held: set[str]) -> bool:
    low = word.lower()
    day = low in WEEKDAYS | MONTHS or low.rstrip("s") in WEEKDAYS
    capital = word in held and (number > 0 or not word.istitle())
    return day or capital or bool(NUMBER.search(word)) or is_name(word)


def apart(of: Sequence[Word], other: Sequence[Word]) -> list[Word]:
    """The words that the other does not hold, in other words neither."""
    held = {stem(word.text) for word in other}
    return [
        word for word in of if stem(word.text) not in held and not held & {stem(part) for said in SYNONYMS.get(stem(word.text), ()) for part in said.split()}
    ]


def stretches(some: Sequence[Word]) -> int:
    """How many values there are: words close together are one, and so are a day and an hour."""
    return sum(last is None or not _one_value(last, word) for last, word in zip([None, *some], some, strict=False))


def _one_value(one: Word, other: Word) -> bool:
    return other.number - one.number <= TOGETHER or bool(WHEN.search(one.text) and WHEN.search(other.text))


def sort(some: Sequence[Word]) -> str:
    """Of which sort some values are: `number`, `name`, or nothing where there are none."""
    return "number" if any(NUMBER.search(word.text) for word in some) else "name" if some else ""


def without(text: str, some: Sequence[Word]) -> str:
    """A statement with "it" in the place of some of its words."""
    gone = {word.text for word in some}
    return WORD.sub(lambda found: "it" if found.group() in gone else found.group(), text)
