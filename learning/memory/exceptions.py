"""A rule and its exception: of two lessons that say the same with another value, one may hold for a part alone ("for visitors", "on Sundays").

Nobody can tell from the words alone whether such a pair contradicts, so somebody is asked; until then both hold, and each answers what asks for it.
"""

import re
from collections.abc import Sequence

from learning.memory.caches import remembered
from learning.memory.recall import in_other_words, said_around
from learning.memory.telling import DATED, DENIED, NUMBER, WHEN, Word, apart, stretches, telling
from learning.memory.words import MONTHS, STOPWORDS, WEEKDAYS, content_words, stem, stems, words

CHANGED = re.compile(
    r"\b((?-i:[Nn]ew(?! [A-Z])|NEW)|now|moved|moves|changed|instead"
    r"|switch(?:ed|ing|(?:es)?(?= (?:to|from|over)))|no longer|from now on|as of|since|anymore|replaced|took over|these days|currently|update|correction"
    r"|rewritten|renamed)\b",
    re.IGNORECASE,
)
_CORRECTED = re.compile(r"\b(?:isn|doesn|aren|don)['’]t\b|\b(?:wrong|sorry|actually)\b", re.IGNORECASE)
_NEWCOMERS = re.compile(r"\bnew (?=\w+s\b)", re.IGNORECASE)  # "new employees" are a part of all, "the new office" is another
_ASIDE = re.compile(
    r"\s*(?:[(;]|,(?!\s*(?:but|only|for|on|in|at|during|after|before|if|when|unless)\b)|\b(?:because|including|incl|plus|please)\b).*$", re.IGNORECASE
)
_ALL_BUT = re.compile(r"\b(?:except|but not)\b", re.IGNORECASE)
_LIMITS = frozenset(("for", "if", "when", "unless"))  # whatever follows
_TIMES = frozenset(("on", "in", "at", "during", "every"))  # where a time follows: neither "on the second floor" nor "in room Fern" limits "at 10:00"
_BOUNDS = frozenset(("after", "before", "above", "below", "over", "under"))  # where a number or a time follows
_INSIDE = _LIMITS | _TIMES | _BOUNDS | {"of", "to", "with", "from", "by", "without"}
_SEASONS = frozenset(map(stem, ("weekend", "weekday", "holiday", "night", "morning", "evening", "winter", "summer", "spring", "autumn")))
_SORTS = frozenset(map(stem, ("number", "time", "date", "day", "address", "code", "name", "price")))  # "the phone number" is the phone


def may_except(new: str, old: str) -> bool:
    """Does a statement repeat all of another but its value, and add something? It may be an exception; words cannot tell, so somebody is asked."""
    mine, others = apart(telling(new), telling(old)), apart(telling(old), telling(new))
    day, name = bool(_days(mine)) and not _days(others), bool(_names(mine)) and not _names(others)
    words_too = len(mine) > len(others) and not all(word.is_value for word in mine)
    values_too = stretches(mine) > stretches(others)
    return (day or name or words_too or values_too) and all(word.is_value for word in others)


def tells_of_change(new: str, old: str) -> bool:
    """Does a word of a newer statement say that something is not as it was? Then it is no exception. What the older one says, too, does not."""
    return bool(_CORRECTED.search(new)) or says_changed(new, old)


def says_changed(new: str, old: str) -> bool:
    """The same, where it is said with one of the words for that: "now", "no longer", "moved"."""
    return any(found.lower() not in old.lower() for found in CHANGED.findall(_NEWCOMERS.sub("", new)))


@remembered(20_000)
def limit(exception: str, rule: str) -> tuple[str, ...]:
    """The words by which a statement limits itself, where it repeats another word for word but for the value: of "Parking for visitors costs 8 euros." beside
    "Parking costs 5 euros." the visitors; else none.

    They stand within what is repeated, or lead to it, or follow the value where they limit by themselves.
    """
    if _ALL_BUT.search(exception):
        return ()
    exception, rule = (DENIED.sub(" ", DATED.sub(" ", text)) for text in (exception, rule))
    value = apart(telling(rule), telling(exception))
    if not value or stretches(value) > 1 or not all(word.is_value for word in value):
        return ()
    numbers = [bool(NUMBER.search(word.text)) for word in value]
    own = [word.lower() for word in words(rule)]
    frame = own[: value[0].number], own[value[-1].number + 1 :]
    if not _telling([*frame[0], *frame[1]]):  # nothing is repeated
        return ()
    for text in (_ASIDE.sub("", exception), exception):
        said = words(text)
        head, tail = _places(frame[0], said), _places(frame[1][::-1], said[::-1])
        if any(numbers) == all(numbers) and head is not None and tail is not None:
            return _limit(text, said, head, sorted(len(said) - 1 - place for place in tail), numbers[0])
    return ()


def asks_for(question: str, exception: str, rule: str) -> bool | None:
    """Does a question name what an exception is for (True), or nothing but what its rule is about (False)? None where it does neither clearly."""
    asked, limits = set(stems(question)), limit(exception, rule)
    named = [word for word in limits if not asked.isdisjoint({stem(word), *in_other_words(word)})]
    if 2 * len(named) > len(limits):
        return True
    held = set(stems(rule))
    further = [word for word in content_words(question) if not said_around(word) and held.isdisjoint({stem(word), *in_other_words(word)})]
    return None if named or further else False


def _places(some: Sequence[str], said: Sequence[str]) -> list[int] | None:
    """Where words stand in a text, one after the other; None where they do not."""
    places: list[int] = []
    for word in some:
        place = next((place for place in range(places[-1] + 1 if places else 0, len(said)) if said[place].lower() == word), None)
        if place is None:
            return None
        places.append(place)
    return places


def _limit(text: str, said: Sequence[str], head: Sequence[int], tail: Sequence[int], is_number: bool) -> tuple[str, ...]:
    """What `said`, the words of a text, limits: around those of the rule, at `head` before its value and at `tail` after it."""
    begin, end = head[-1] + 1 if head else 0, tail[0] if tail else len(said)
    if begin >= end:
        return ()
    between = range(begin, end)
    starts = [place for place in between if bool(NUMBER.search(said[place])) == is_number and said[place].lower() not in STOPWORDS]
    if not starts:
        return ()
    first = starts[0] if is_number else begin
    after = next((place for place in range(first + 1, end) if said[place].lower() in _INSIDE), end)
    before, behind = range(head[0] if head else first, first), range(end, tail[-1] if tail else end)
    inside = [place for place in (*before, *behind) if place not in {*head, *tail}]
    found = _within(_run(said, inside)) + _leading(text, said[: head[0]] if head else ())
    found += _trailing(said[after:end]) + _trailing(said[tail[-1] + 1 :] if tail else ())
    return tuple(found)


def _run(said: Sequence[str], places: Sequence[int]) -> list[str]:
    return [said[place] for place in places]


def _telling(some: Sequence[str]) -> list[str]:
    return [word for word in some if word.lower() not in STOPWORDS]


def _within(some: Sequence[str]) -> list[str]:
    """Of what stands amid the rule's words: "for visitors", "in Berlin", "Monday"."""
    found = _telling(some)
    return [] if all(stem(word) in _SORTS for word in found) else found


def _leading(text: str, some: Sequence[str]) -> list[str]:
    """Of what stands before them: "In winter", "Visitor", neither "I was told that" nor "Attention:"."""
    found = _telling(some)
    at_once = f"{' '.join(some)} " in text and len(found) == len(some) <= 2
    return found if some and (some[0].lower() in _INSIDE or at_once) else []


def _trailing(some: Sequence[str]) -> list[str]:
    """Of what follows the value: "for visitors", "on Sundays", "after 18:00", neither "in room Fern" nor "at 15:00"."""
    for place, word in enumerate(map(str.lower, some)):
        rest = _telling(some[place + 1 :])
        times = any(other.lower().rstrip("s") in WEEKDAYS | MONTHS or stem(other) in _SEASONS for other in rest)
        if word in _LIMITS or (word in _TIMES and times) or (word in _BOUNDS and (times or any(map(NUMBER.search, rest)))):
            return rest
    return []


def _days(some: Sequence[Word]) -> list[Word]:
    return [word for word in some if word.text.lower().rstrip("s") in WEEKDAYS | MONTHS]


def _names(some: Sequence[Word]) -> list[Word]:
    return [word for word in some if word.is_value and not NUMBER.search(word.text) and not WHEN.search(word.text)]
