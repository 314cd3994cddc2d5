"""Which earlier lesson a new one replaces: the same subject with another value. Rules over words; of two that contradict, the newer holds."""

import re
from collections.abc import Sequence

from learning.memory.vocabulary import SYNONYMS
from learning.memory.words import STOPWORDS, stem, words
from learning.records import Lesson

# Words that say that something changed, or hardly anything: a lesson with and without them says the same.
_EMPTY = frozenset(
    stem(word)
    for word in """new longer anymore instead moved changed switched renamed replaced currently starting since update updated fyi actually effective correction
    take takes place go goes run runs use uses used using still always set done doing does made keep number bought come comes""".split()
)
_MORE = re.compile(r"\b(also|too|another|second|third|as well|in addition|additionally|includes?|members?|one of)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d|^(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|half)$", re.IGNORECASE)
_DENIED = re.compile(r",?\s*\b(no longer|not)\b[^,.;]*?(\bbut\b|(?=[,.;])|$)", re.IGNORECASE)  # what no longer holds, said along with what does
_UNITS = frozenset(
    stem(word) for word in "second minute hour day week month year euro dollar pound percent character people gb mb utc am pm working business".split()
)
LONGEST = 3  # words of a value


def replaces(new: Lesson, old: Lesson) -> bool:
    """Do two lessons give different values for the same subject?

    All words must agree but for one stretch on each side, the value. Where an entity differs, too, they are two lessons of one kind ("the port of atlas",
    "the port of heron"), and where the new one says "also", it adds.
    """
    if _MORE.search(new.text) or _MORE.search(old.text):
        return False
    ours, theirs = _told(new), _told(old)
    ours_differ, theirs_differ = _stretches(ours, theirs), _stretches(theirs, ours)
    if len(ours_differ) != 1 or len(theirs_differ) != 1:
        return False
    mine, other = ours_differ[0], theirs_differ[0]
    if max(len(mine), len(other)) > LONGEST or len(mine) >= sum(map(bool, ours)) or len(other) >= sum(map(bool, theirs)) or _kind(mine) != _kind(other):
        return False
    return _kind(mine) in ("number", "name") or (_kind(mine) == "word" and ours[-1] == mine[-1] and theirs[-1] == other[-1])


def replaced_by(new: Lesson, lessons: Sequence[Lesson]) -> list[Lesson]:
    """The lessons that `new` replaces."""
    return [old for old in lessons if old.id != new.id and replaces(new, old)]


def _told(lesson: Lesson) -> list[str]:
    """The words that say something; the others as gaps, for a value does not reach over them."""
    said = words(_DENIED.sub(" ", f"{lesson.question or ''} {lesson.text}"))
    return [word if word.lower() not in STOPWORDS and stem(word) not in _EMPTY else "" for word in said]


def _stretches(of: Sequence[str], other: Sequence[str]) -> list[list[str]]:
    """The stretches of words that the other does not hold, in other words neither."""
    held = {stem(word) for word in other if word}
    found: list[list[str]] = []
    apart = True
    for word in of:
        shared = (
            not word or stem(word) in held or (word.islower() and bool(held & {stem(part) for said in SYNONYMS.get(stem(word), ()) for part in said.split()}))
        )
        if not shared:
            if apart:
                found.append([])
            found[-1].append(word)
        apart = shared
    return found


def _kind(value: Sequence[str]) -> str:
    """`number`, `name`, `word`, or none of them: a stretch that says more than a value."""
    if any(_NUMBER.search(word) for word in value):
        return "number" if all(_NUMBER.search(word) or not word.islower() or stem(word) in _UNITS for word in value) else ""
    if all(word.islower() for word in value):
        return "word"
    return "name" if not any(word.islower() for word in value) else ""
