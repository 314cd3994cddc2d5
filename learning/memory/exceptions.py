"""A rule and its exception: of two lessons that say the same with another value, one may hold for a part alone ("for visitors", "on Sundays").

Nobody can tell from the words alone whether such a pair contradicts, so somebody is asked; until then both hold.
"""

import re
from collections.abc import Sequence

from learning.memory.telling import NUMBER, WHEN, Word, apart, stretches, telling
from learning.memory.words import MONTHS, WEEKDAYS, stem, stems, words

CHANGED = re.compile(
    r"\b(now|new|moved|moves|changed|instead|switch\w*|no longer|from now on|as of|since|anymore|replaced|took over|these days|currently|update|correction"
    r"|rewritten|renamed)\b",
    re.IGNORECASE,
)
_NOT_SO = re.compile(r"\b(?:isn|doesn|aren|don)['’]t\b", re.IGNORECASE)


def tells_of_change(text: str) -> bool:
    """Does a word say that something is not as it was? Then it is no exception."""
    return bool(CHANGED.search(text) or _NOT_SO.search(text))


def may_except(new: str, old: str) -> bool:
    """Does a statement say all that another does but its value, and more? In other words, too."""
    mine, others = apart(telling(new), telling(old)), apart(telling(old), telling(new))
    further = _further(mine, others) or (len(mine) > len(others) and any(not word.is_value for word in mine))
    return (bool(further) or stretches(mine) > stretches(others)) and all(word.is_value for word in others)


def excepted(exception: str, rule: str) -> list[str]:
    """What a statement limits itself to, where it repeats another word for word but for the value: of "Parking for visitors costs 8 euros." beside "Parking
    costs 5 euros." the visitors; else nothing."""
    mine, others = apart(telling(exception), telling(rule)), apart(telling(rule), telling(exception))
    value = {word.text.lower() for word in others}
    frame = [word for word in map(str.lower, words(rule)) if word not in value]
    if not others or not all(word.is_value for word in others) or not _in_turn(frame, [word.lower() for word in words(exception)]):
        return []
    numbers = [bool(NUMBER.search(word.text)) for word in others]
    if all(numbers):
        other_value = [word for word in mine if NUMBER.search(word.text)]
    elif any(numbers):
        return []
    else:
        other_value = [word for word in mine if word.is_value and word not in _further(mine, others)] or _last(mine)
    return [word.text for word in mine if word not in other_value] if other_value else []


def are_apart(one: str, other: str) -> bool:
    """Is one of two statements an exception to the other, by their words?"""
    return bool(excepted(one, other) or excepted(other, one))


def is_asked_for(question: str, exception: str, rule: str) -> bool:
    """Does a question name what an exception is for?"""
    asked = set(stems(question))
    return any(stem(word) in asked for word in excepted(exception, rule))


def _further(mine: Sequence[Word], others: Sequence[Word]) -> list[Word]:
    """Days, or names, where the others have none."""
    return [word for kind in (_days, _names) if not kind(others) for word in kind(mine)]


def _last(some: Sequence[Word]) -> list[Word]:
    """The words at the end that stand together."""
    return [word for number, word in enumerate(some) if stretches(some[number:]) == 1]


def _days(some: Sequence[Word]) -> list[Word]:
    return [word for word in some if word.text.lower().rstrip("s") in WEEKDAYS | MONTHS]


def _names(some: Sequence[Word]) -> list[Word]:
    return [word for word in some if word.is_value and not NUMBER.search(word.text) and not WHEN.search(word.text)]


def _in_turn(some: Sequence[str], others: Sequence[str]) -> bool:
    left = iter(others)
    return all(word in left for word in some)
