"""A question in a thread that leans on what was said before ("and its port?"), in full: as it would be asked alone.

Only then can it be told whether a lesson answers it, and be asked of the weights without the thread. Which words of the thread belong to it is not certain,
so there may be several ways; the one that a lesson answers most certainly is taken.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from learning.memory.names import Names, names
from learning.memory.recall import in_other_words, said_around, told
from learning.memory.words import STOPWORDS, content_words, stem, stems, words
from learning.records import Lesson

_LEANING = re.compile(
    r"^\W*((ok|thanks|thx|hm|right|cool|great)\W+)*(and|what about|how about|same|also|plus|or|then|but|its|their|is it the same)\b|.*\b(then|too|instead)\W*$",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(?!(?-i:IT)\b)(its|theirs?|his|hers?|it|they|them|that|those|this|these|there|s?he|him)\b", re.IGNORECASE)
_ASKING = re.compile(r"\b(who|whom|whose|what|where|when|which|how|why)\b(?! about)", re.IGNORECASE)
_LEAD = re.compile(r"^\W*((ok|okay|thanks|thx|hm|right|cool|great|so|and|but|then|also|plus|or)\b\W*)+", re.IGNORECASE)
_SAME = frozenset(("one", "ones", "same", "too", "also", "well", "use", "uses", "as"))

MOST = 8  # words of the question before that may be meant

Exchange = tuple[str, str]  # a question, and what was answered


@dataclass(frozen=True)
class Way:
    """A question in full. Where it asks the same of something else, or something else of the same, `of` are the stems of that: an answer tells of it, and
    of what it is asked `about` still."""

    text: str
    of: frozenset[str] = frozenset()
    about: frozenset[str] = frozenset()

    def may_be(self, lesson: Lesson) -> bool:
        """Can a lesson answer it so?"""
        held = set(stems(told(lesson)))
        return all(not wanted or not wanted.isdisjoint(held) for wanted in (self.of, self.about))


def leans(question: str) -> bool:
    """Does a question mean little without the turns before it ("and its port?")?"""
    return bool(_LEANING.match(question)) or len(content_words(question)) < 2


def in_full(question: str, before: Sequence[Exchange], lessons: Sequence[Lesson]) -> list[Way]:
    """The ways to ask a question alone; itself where it does not lean on the exchanges before it."""
    known = names(tuple(sorted(map(told, lessons))))
    earlier: Exchange | None = None
    for asked, said in before:  # what was asked before may have leaned on something, too
        earlier = _ways(asked, earlier, known)[0].text, said
    return _ways(question, earlier, known)


def _ways(question: str, earlier: Exchange | None, known: Names) -> list[Way]:
    if earlier is None or not (leans(question) or _POINTING.search(question)):
        return [Way(question)]
    short = _LEAD.sub("", question)
    asking = _ASKING.search(short)
    ways = [Way(_put(short, " ".join(subject))) for subject in _subjects(*earlier, known)] if asking or _POINTING.search(short) else []
    ways += [] if asking else _same_of_another(short, earlier[0], known)
    if not (asking or _POINTING.search(short) or any(word in known for word in content_words(short))):  # "and the port?" asks more of the same
        of, named = _said_for(content_words(short)), _named(*earlier, known)
        subjects = _subjects(*earlier, known) if of else ()
        ways += [Way(_put(short, " ".join(subject)), of, frozenset(map(stem, named))) for subject in subjects]
    if asking and len(content_words(short)) > 1 and not _POINTING.search(short):  # "and who owns quince?" asks all of it
        ways.append(Way(short))
    may_stand_alone = not leans(question) or (asking and content_words(question) and not _LEANING.match(question))
    return [*ways, Way(question)] if may_stand_alone else ways or [Way(f"{earlier[0]} {question}")]


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


def _same_of_another(question: str, earlier: str, known: Names) -> Iterator[Way]:
    """ "And quince?" asks what was asked before, with another word in the place of one, likeliest of a name."""
    told_of = [word for word in content_words(question) if not said_around(word) and word.lower() not in _SAME]
    of = frozenset(map(stem, told_of))
    replaceable = [word for word in dict.fromkeys(content_words(earlier)) if not said_around(word) and stem(word) not in of]
    named = any(word in known for word in told_of)
    if not named and all(map(in_other_words, told_of)):  # "and the port?" is nothing else that a name may stand for
        replaceable = [word for word in replaceable if word not in known]
    for word in sorted(replaceable, key=lambda word: word not in known)[:MOST] if of else ():
        about = frozenset(stem(other) for other in content_words(earlier) if other in known and other != word and not named)
        yield Way(re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _: " ".join(told_of), earlier, count=1), of, about)


def _said_for(some: Iterable[str]) -> frozenset[str]:
    """Their stems, in other words, too."""
    return frozenset(said for word in some for said in (stem(word), *in_other_words(word)))
