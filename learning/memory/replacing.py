"""Which earlier lesson a new one replaces: the same subject with another value. Of two that contradict, the newer holds.

A logistic model over what differs: how alike the two are in meaning, with and without their values; whether exactly one value differs, and of the same sort;
what else differs; whether the new one says that something changed. Fitted on pairs of the learning benchmark's older sets (`python -m
tests.benchmarks.fit_replacing`, which also says how well it does on others).
"""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from learning.memory import recall
from learning.memory.encoder import Alike
from learning.memory.exceptions import asks_for, limit, may_except, says_changed, tells_of_change
from learning.memory.names import Names, unnamed
from learning.memory.polarity import against, both_stand, contrary, opposed
from learning.memory.subjects import are_of_two, may_be_of_two
from learning.memory.telling import DATED, NUMBER, apart, sort, stretches, telling, without
from learning.memory.words import normalised, stem, stems
from learning.records import Lesson

REPLACES = 0.5  # log-odds from which the older one is put aside; whoever taught the new one is shown both, and can undo it
PERHAPS = -1.8  # and from which somebody is asked; until then the newer is preferred, but for an exception
NEAREST = 8  # earlier lessons that are looked at
MOST_ALIKE = 8  # of all that are known, earlier lessons that are looked at for each in a night: of thousands each pair would take hours
_MORE = re.compile(r"\b(also|too|another|second|third|as well|in addition|additionally|includes?|members?|one of)\b", re.IGNORECASE)
_CLOSED = re.compile(r"\b(closed|shut|holiday|day off|off|no|not)\b", re.IGNORECASE)
_SIGNS = re.compile(r"[$€£¥%]|[+#]+(?=\W|$)|(?<!\w)[-−](?=\d)")  # C++ is not C#, nor -18 degrees 18
LIKE = 0.4  # likeness in meaning below which no two lessons are of the same


REMEMBERED = 20_000  # pairs
_weighed: dict[bytes, float] = {}


def certainty(new: Lesson, old: Lesson, alike: Alike) -> float:
    """How certainly a lesson takes another's place, in nats of log-odds; what says the same does not.

    Remembered, by digests alone: asked once before a transaction, it costs nothing within.
    """
    pair = hashlib.blake2b(f"{new.said}\n{old.said}".encode(), digest_size=16).digest()
    known = _weighed.get(pair)  # once: another thread may begin anew meanwhile
    if known is None:
        if len(_weighed) >= REMEMBERED:
            _weighed.clear()
        known = _weighed[pair] = _certainty(new, old, alike)
    return known


def _certainty(new: Lesson, old: Lesson, alike: Alike) -> float:
    if _in_the_same_words(new, old):
        return float("-inf") if says_the_same(new, old) else PERHAPS
    if are_of_two(new.text, old.text):
        return float("-inf")
    if new.question and old.question and normalised(new.text) == normalised(old.text):
        return float("-inf")  # one answer to two questions
    mine, other = (DATED.sub(" ", lesson.said) for lesson in (new, old))
    found = _CONSTANT + sum(weight * told for weight, told in zip(_WEIGHTS, Difference.of(mine, other, alike, new.said), strict=True))
    apart = opposed(new.said, old.said) or (not says_changed(new.text, old.text) and all(_CLOSED.search(lesson.text) for lesson in (new, old)))
    excepts = _are_rule_and_exception(new, old) or (may_except(new.said, old.said) and not tells_of_change(new.text, old.text))
    unsure = (
        apart or excepts or may_be_of_two(new.text, old.text) or DATED.search(new.text)
    )  # both may hold: before and after, what passes, a rule and its exception
    return min(found, REPLACES - 0.01) if unsure else found


def says_the_same(one: Lesson, other: Lesson) -> bool:
    """Are two lessons one, in the same words and neither denying the other?"""
    return _in_the_same_words(one, other) and not contrary(one.said, other.said)


def _in_the_same_words(one: Lesson, other: Lesson) -> bool:
    mine, theirs = one.said, other.said
    return set(stems(mine)) == set(stems(theirs)) and set(_SIGNS.findall(mine)) == set(_SIGNS.findall(theirs))


def replaced_by(new: Lesson, lessons: Sequence[Lesson], alike: Alike, least: float = REPLACES) -> list[Lesson]:
    """The older lessons that `new` replaces, among those that share its words."""
    others = [lesson for lesson in lessons if lesson.id < new.id and lesson.id not in (new.beside or ())]
    near = [hit.lesson for hit in recall.search(others, new.said, limit=NEAREST)]
    likes = alike(new.said, [lesson.said for lesson in near]) if near else ()
    return [lesson for lesson, like in zip(near, likes, strict=True) if like >= LIKE and certainty(new, lesson, alike) >= least]


def successor(old: Lesson, lessons: Sequence[Lesson], alike: Alike, least: float = REPLACES) -> Lesson | None:
    """The lesson that replaces an older one, among those that share its words."""
    newer = [lesson for lesson in lessons if lesson.id > old.id]
    near = [hit.lesson for hit in recall.search(newer, old.said, limit=NEAREST)]
    return next((lesson for lesson in near if replaced_by(lesson, [old], alike, least)), None)


def contradicted(lessons: Sequence[Lesson], alike: Alike, excepting: bool = False) -> dict[int, list[Lesson]]:
    """Of lessons in force, those that newer ones perhaps replace, by id, and these, the newest last; not where somebody has said that both stand.

    A rule and its exception are among them with `excepting` alone.
    """
    found: dict[int, list[Lesson]] = {}
    ordered = sorted(lessons, key=lambda lesson: lesson.id)
    texts = [lesson.said for lesson in ordered]
    for number, new in enumerate(ordered):
        likes = alike(texts[number], texts[:number]) if number else ()
        near = sorted(((like, old) for old, like in zip(ordered, likes, strict=False) if like >= LIKE), key=lambda pair: -pair[0])[:MOST_ALIKE]
        for _, old in near:
            if perhaps(new, old, alike) and (excepting or not _are_rule_and_exception(new, old)):
                found.setdefault(old.id, []).append(new)
    return found


def perhaps(new: Lesson, old: Lesson, alike: Alike) -> bool:
    """May a newer lesson replace an older one? Where somebody has said that both stand, not."""
    return old.id < new.id and old.id not in (new.beside or ()) and certainty(new, old, alike) >= PERHAPS


def outlives(old: Lesson, new: Lesson) -> bool:
    """Does an older lesson hold longer than a newer one, which takes its place until then only?"""
    return new.valid_until is not None and (old.valid_until is None or old.valid_until > new.valid_until)


def outdates(question: str, one: Lesson, other: Lesson, alike: Alike) -> bool:
    """Does a lesson answer a question instead of another that says something else of the same?

    A newer one does, as long as nobody has said that both stand; but not where the question names what the older one alone is about: "the staging URL", of
    which "The production URL is …" says nothing. Of a rule and its exception the one that is meant does, whatever was said of the two.
    """
    if _are_rule_and_exception(*_newer_first(one, other)):
        return is_meant_of(question, one, other)
    if both_stand(one.text, other.text) and not says_changed(one.text, other.text):
        return False
    return perhaps(one, other, alike) and not _told_apart(question, one, other)


def is_meant_of(question: str, one: Lesson, other: Lesson) -> bool:
    """Of a rule and its exception, does a question ask for the first? Where it names what an exception is for, it asks for that; where it names nothing that
    the rule does not say, for the rule."""
    if not _are_rule_and_exception(*_newer_first(one, other)):
        return False
    is_exception = bool(limit(one.text, other.text))
    return asks_for(question, *((one.text, other.text) if is_exception else (other.text, one.text))) is is_exception


def _newer_first(one: Lesson, other: Lesson) -> tuple[Lesson, Lesson]:
    return (one, other) if one.id > other.id else (other, one)


def _are_rule_and_exception(new: Lesson, old: Lesson) -> bool:
    """Is one of two lessons an exception to the other, by their words?"""
    return not tells_of_change(new.text, old.text) and bool(limit(new.text, old.text) or limit(old.text, new.text))


def _told_apart(question: str, new: Lesson, old: Lesson) -> bool:
    """Does a question name what the older of two lessons alone is about, where the newer one tells of no change?"""
    if against(question, new.text) and not against(question, old.text):
        return True
    asked = set(stems(question))
    return not says_changed(new.text, old.text) and any(stem(word.text) in asked for word in apart(telling(old.said), telling(new.said)))


class Difference(NamedTuple):
    """What speaks for a lesson to take an older one's place: likenesses in meaning, shares, numbers, and what is so (1) or not (0)."""

    alike: float
    alike_without_values: float  # but for those that differ
    of_one_sort: float  # are the values that differ, numbers or names?
    too_many: float  # places where values differ, beyond one in each
    on_one_side: float  # does a value differ in one of the two alone?
    on_none: float
    other_words: float  # share of all words: those that differ and are no values
    in_common: float  # share of the shorter one's words
    tells_of_change: float
    adds: float  # does one of them say "also"?
    same_number: float  # where a name differs
    alike_without_names: float

    @classmethod
    def of(cls, new: str, old: str, alike: Alike, said: str = "") -> "Difference":
        """Between two statements; `said` is all of the new one, where `new` leaves its date out."""
        ours, theirs = telling(new), telling(old)
        mine, others = apart(ours, theirs), apart(theirs, ours)
        my_values, other_values = ([word for word in some if word.is_value] for some in (mine, others))
        counts = [stretches(some) for some in (my_values, other_values)]
        held = [{stem(word.text) for word in some} for some in (ours, theirs)]
        sorts = [sort(some) for some in (my_values, other_values)]
        known = Names((new, old))
        same_number = any(NUMBER.search(word.text) for word in ours if word.is_value and word not in mine)
        return cls(
            alike=alike(new, [old])[0],
            alike_without_values=alike(without(new, my_values), [without(old, other_values)])[0],
            of_one_sort=float(bool(my_values) and sorts[0] == sorts[1]),
            too_many=float(sum(count > 1 for count in counts)),
            on_one_side=float((counts[0] == 0) != (counts[1] == 0)),
            on_none=float(counts == [0, 0]),
            other_words=sum(not word.is_value for word in (*mine, *others)) / max(1, len(ours) + len(theirs)),
            in_common=len(held[0] & held[1]) / max(1, min(map(len, held))),
            tells_of_change=float(says_changed(said or new, old)),
            adds=float(bool(_MORE.search(new) or _MORE.search(old))),
            same_number=float(same_number and sorts == ["name", "name"]),
            alike_without_names=alike(unnamed(new, known), [unnamed(old, known)])[0],
        )


_CONSTANT = -6.18
_WEIGHTS = Difference(
    alike=1.62, alike_without_values=0.97, of_one_sort=0.78, too_many=-2.12, on_one_side=0.83, on_none=1.25, other_words=-2.72, in_common=1.12,
    tells_of_change=1.67, adds=-1.71, same_number=-1.18, alike_without_names=4.2,
)  # fmt: skip
