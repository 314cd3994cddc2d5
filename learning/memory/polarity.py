"""Words so small that search and meaning pass over them, and that turn a statement round: not, before and after, on and off."""

import re
from collections.abc import Collection

from learning.memory.words import stems

_NOT = re.compile(r"\b(?:not|no|never|none|nobody|nothing|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_OPPOSITES = (
    ("before", "after"), ("above", "below"), ("over", "under"), ("on", "off"), ("up", "down"), ("more", "less"), ("with", "without"),
    ("minimum", "maximum"), ("least", "most"), ("open", "closed"), ("first", "last"), ("below", "over"), ("above", "under"), ("older", "younger"),
    ("larger", "smaller"), ("longer", "shorter"), ("earlier", "later"), ("weekdays", "weekends"),
)  # fmt: skip
_STATES = {("on", "off"), ("up", "down"), ("open", "closed"), ("with", "without")}  # what is asked for with "is it open?" may be told with "closed"
_WHETHER = re.compile(r"\W*(?:is|are|was|were|do|does|did|can|could|may|must|should|will|has|have)\b|.*,\W*right\W*$", re.IGNORECASE)
_SIDES = frozenset(word for pair in _OPPOSITES for word in pair)
_WORD = re.compile(r"\w+")
WHOLE = 0.85  # share of a statement's words from which another says all of it


def contrary(one: str, other: str) -> bool:
    """Do two statements in the same words say the contrary: is one denied and the other not, or does one say "after" where the other says "before"?"""
    return _denied(one) != _denied(other) or opposed(one, other)


def turned_round(answer: str, statement: str) -> bool:
    """Does an answer in a statement's words say its contrary? One that tells only a part may leave out what is denied, but not deny what is not."""
    told = set(stems(statement))
    whole = len(told & set(stems(answer))) >= WHOLE * len(told)
    return opposed(answer, statement) or (_denied(answer) and not _denied(statement)) or (whole and contrary(answer, statement))


def _denied(text: str) -> bool:
    return bool(_NOT.search(text))


def both_stand(one: str, other: str) -> bool:
    """Do two statements tell of two sides of one thing ("invoices under 1000 … Dana", "… over 1000 … Ines"), and not of one side its contrary?"""
    mine, theirs = (set(_WORD.findall(text.lower())) for text in (one, other))
    return opposed(one, other) and len(mine ^ theirs) > 2 and 2 * len(mine & theirs) >= min(len(mine), len(theirs))


def asks_whether(question: str) -> bool:
    """Is it a question that a lesson may answer with no?"""
    return bool(_WHETHER.match(question))


def against(question: str, statement: str) -> bool:
    """Does a statement tell of the other side than a question asks for, "over 1000" for "under 1000"? That it is closed answers whether it is open."""
    return _apart(question, statement, _STATES if asks_whether(question) else set())


def takes_a_side(text: str) -> bool:
    """Does it say "before" or "after", or the like?"""
    return not _SIDES.isdisjoint(_WORD.findall(text.lower()))


def opposed(one: str, other: str) -> bool:
    """Does one say "before" where the other says "after", or the like?"""
    return _apart(one, other, set())


def _apart(one: str, other: str, but: Collection[tuple[str, str]]) -> bool:
    mine, theirs = (set(_WORD.findall(text.lower())) for text in (one, other))
    pairs = (pair for pair in _OPPOSITES if pair not in but)
    return any({a, b} & mine == {a} and {a, b} & theirs == {b} for pair in pairs for a, b in (pair, pair[::-1]))
