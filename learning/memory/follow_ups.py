"""A question in a thread that leans on what was said before ("and its port?"), in full: as it would be asked alone.

Only then can it be told whether a lesson answers it, and be asked of the weights without the thread. Which words of the thread belong to it is not certain,
so there may be several ways; the one that a lesson answers most certainly is taken.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby

from learning.memory.kinds import asked_for, held_kinds
from learning.memory.names import Names, names
from learning.memory.recall import Hit, in_other_words, said_around
from learning.memory.words import EMOJI, STOPWORDS, content_words, stem, stems, words
from learning.records import Lesson

_LEANING = re.compile(
    r"^\W*((ok|thanks|thx|hm|right|cool|great)\W+)*(and|what about|how about|same|also|plus|or|then|but|its|their|is it the same)\b|.*\b(then|too|instead)\W*$",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(?!(?-i:IT)\b)(its|theirs?|his|hers?|it|they|them|that|those|this|these|there|s?he|him)\b", re.IGNORECASE)
_ASKING = re.compile(r"\b(who|whom|whose|what|where|when|which|how|why)\b(?! about)", re.IGNORECASE)
_LEAD = re.compile(r"^\W*((ok|okay|thanks|thx|hm|right|cool|great|so|and|but|then|also|plus|or)\b\W*)+", re.IGNORECASE)
_ASIDE = re.compile(r"^\W*(?:(?:ok|okay|thanks|thx|hm|right|cool|great|so|sorry)\s*(?:[,;:.!–—]+|-+(?=\s))\s*)*(?:(?:and|but|so|then|also)\s+)?", re.IGNORECASE)
_SAME = frozenset(("one", "ones", "same", "too", "also", "well", "use", "uses", "as"))

_ASKING_FIRST = re.compile(
    r"\W*(?:(?:and|but|so|also|then|ok|okay|or|sorry|hey|hi|thanks|thx|hm|right|cool|great)\b\W*)*(?:(?:on|in|at|for|from|to|of|by|with)\s+(?=wh|how))?"
    r"(?:(?:who|what|where|when|how)['’]?s?|whom|whose|which|why|is|are|was|were|do|does|did|can|could|will|would|should|has|have|any)\b",
    re.IGNORECASE,
)
_TO_PEOPLE = re.compile(
    r"\W*(?:are you\b|did you\b|have you\b|(?:has|have) (?:any|some)(?:body|one) seen\b"
    r"|(?:can|could|would|will) (?:you|(?:any|some)(?:body|one)) (?:please )?(?:fix|help|look|check|take|do|come|join|review|restart|send me)\b)",
    re.IGNORECASE,
)
BRIEF = 4  # words of what leans on the thread without a question mark
MOST = 8  # words of the question before that may be meant

Exchange = tuple[str, str]  # a question, and what was answered


@dataclass(frozen=True)
class Way:
    """A question in full. A lesson may answer it if it holds one of the stems `of` what is asked for, and one of those of what it is still `about`, where these
    are given; where `alone`, several lessons joined may not."""

    text: str
    of: frozenset[str] = frozenset()
    about: frozenset[str] = frozenset()
    alone: bool = False

    def may_be(self, hit: Hit) -> bool:
        """Can a lesson answer it so, or several?"""
        held = set(stems(hit.lesson.said))
        return not (self.alone and hit.parts) and all(not wanted or not wanted.isdisjoint(held) for wanted in (self.of, self.about))


def leans(question: str) -> bool:
    """Does a question mean little without the turns before it ("and its port?")?"""
    return bool(_LEANING.match(question)) or len(content_words(question)) < 2


def says_enough(question: str) -> bool:
    """Does a question tell what it is about, if only in one word ("where is parking?")?"""
    return not leans(question) or bool(_ASKING.search(question) and content_words(question) and not points_back(question))


def points_back(question: str) -> bool:
    """Does it point at turns before it, so that it means something else without them?"""
    return bool(_LEANING.match(question) or _POINTING.search(question))


def tells_more(question: str, earlier: str, said: Lesson) -> bool:
    """Does what answered an earlier question also hold what is asked now: words ("and kegs?"), else a kind of value, that were not asked for then?"""
    own, held = {stem(word) for word in content_words(question) if not said_around(word)}, set(stems(said.said))
    kinds = (asked_for(question) - asked_for(earlier)) & held_kinds(said.text)
    return own <= held - set(stems(earlier)) if own else bool(kinds)


def asks(text: str) -> bool:
    """Is a message in a thread a question, or the rest of one ("and its port")? What people tell each other there, or want of each other, is for them."""
    said = EMOJI.sub("", text).strip()
    if _TO_PEOPLE.match(said):
        return False
    asked = re.search(r"\?\s", said) or "?" in re.split(r"\w", said)[-1]  # what follows the last word
    return bool(asked or _ASKING_FIRST.match(said) or (_LEANING.match(said) and len(words(said)) <= BRIEF))


def in_full(question: str, before: Sequence[Exchange], lessons: Sequence[Lesson]) -> list[Way]:
    """The ways to ask a question alone; itself where it does not lean on the exchanges before it."""
    known = names(tuple(sorted(lesson.said for lesson in lessons)))
    earlier: Exchange | None = None
    for asked, said in before:  # what was asked before may have leaned on something, too
        earlier = _ways(asked, earlier, known)[0].text, said
    return _ways(question, earlier, known)


def _ways(question: str, earlier: Exchange | None, known: Names) -> list[Way]:
    short = _LEAD.sub("", question)
    itself = Way(_ASIDE.sub("", question) if earlier else question)
    if earlier is None or not (leans(question) or _POINTING.search(question)):
        return [itself]
    asking = _ASKING.search(short)
    ways = [Way(_put(short, " ".join(subject))) for subject in _subjects(*earlier, known)] if asking or _POINTING.search(short) else []
    others = [] if asking else list(_same_of_another(short, earlier, known))
    ways += [way for way in others if not way.alone]
    if not (asking or _POINTING.search(short) or any(word in known for word in content_words(short))):  # "and the port?" asks more of the same
        of, named = _said_for(content_words(short)), _named(*earlier, known)
        subjects = _subjects(*earlier, known) if of else ()
        ways += [Way(_put(short, " ".join(subject)), of, frozenset(map(stem, named))) for subject in subjects]
    ways += [way for way in others if way.alone]
    if asking and content_words(short) and not _POINTING.search(short):  # "and who owns quince?" asks all of it
        ways.append(Way(short))
    may_stand_alone = not leans(question) or (asking and content_words(question) and not _LEANING.match(question))
    ways = [way if way.text == short else replace(way, alone=True) for way in ways]  # what was just said is left out, and others would be joined instead
    return [*ways, itself] if may_stand_alone else ways or [Way(f"{earlier[0]} {question}", alone=True)]


def _put(question: str, subject: str) -> str:
    """What a question is about, in the place of the word that points at it, or at its end."""
    put = _POINTING.sub(lambda _: subject, question, count=1)
    return put if put != question else f"{question.rstrip(' ?')} {subject}?"


def _subjects(asked: str, said: str, known: Names) -> Iterator[list[str]]:
    """What an exchange was about: the names that both hold, and the longest run of words that both say."""
    named, run = _named(asked, said, known), _run(asked, said)
    if named:
        yield named
    if run and run != named:
        yield run


def _named(asked: str, said: str, known: Names) -> list[str]:
    """The names that a question and its answer both hold."""
    held = set(stems(said))
    return [word for word in content_words(asked) if word in known and stem(word) in held]


def _run(asked: str, said: str) -> list[str]:
    """The words of the run, of those that both say, that holds the most words with a meaning."""
    own = words(asked)
    blocks = SequenceMatcher(None, list(map(stem, own)), list(map(stem, words(said))), autojunk=False).get_matching_blocks()
    return max(([word for word in own[block.a : block.a + block.size] if word.lower() not in STOPWORDS] for block in blocks), key=len)


def _same_of_another(question: str, exchange: Exchange, known: Names) -> Iterator[Way]:
    """ "And quince?" asks what was asked before, with another word in the place of one, likeliest of a name.

    What is asked for at work ("and the port?", "and the kitchen?") may as well be more of the same: in a name's place, lessons must tell of all the rest.
    """
    earlier, said = exchange
    told_of = [word for word in content_words(question) if not said_around(word) and word.lower() not in _SAME]
    of, held, named = frozenset(map(stem, told_of)), set(stems(said)), _named(*exchange, known)
    replaceable = [word for word in dict.fromkeys(content_words(earlier)) if not said_around(word) and stem(word) not in of]
    is_name = any(word in known for word in told_of)
    is_matter = not is_name and all(map(in_other_words, told_of))
    for word in [*_long_names(earlier, known), *sorted(replaceable, key=lambda word: word not in known)][:MOST] if of else ():
        if alone := is_matter and (word in known or " " in word):
            about = _said_for(other for other in content_words(earlier) if stem(other) in held and other not in known)
        else:
            about = frozenset(stem(other) for other in named if other not in word.split() and not is_name)
        yield Way(re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _: " ".join(told_of), earlier, count=1), of, about, alone)


def _long_names(text: str, known: Names) -> list[str]:
    """Names of several words: "Mill Lane"."""
    runs = (list(run) for is_name, run in groupby(words(text), key=lambda word: word in known) if is_name)
    return [" ".join(run) for run in runs if len(run) > 1]


def _said_for(some: Iterable[str]) -> frozenset[str]:
    """Stems of some words, and of what else people at work say for them."""
    return frozenset(said for word in some for said in (stem(word), *in_other_words(word)))
