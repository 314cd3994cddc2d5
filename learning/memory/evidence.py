"""What speaks for a lesson, or several, as the answer to a question: how near they are in words and in meaning, and what they lack."""

import re
from collections.abc import Sequence, Set
from difflib import SequenceMatcher
from itertools import combinations

from learning.memory import chains
from learning.memory.caches import CHANNELS, remembered
from learning.memory.encoder import Alike
from learning.memory.kinds import fits
from learning.memory.names import Names, names, unnamed
from learning.memory.polarity import asks_whether
from learning.memory.recall import Hit
from learning.memory.words import STOPWORDS, content_words, stem, stems, words
from learning.records import Lesson

FEATURES = ("coverage", "likeness", "ahead", "fits", "strange", "matter", "matter ahead", "phrase", "length")
TOGETHER = ("akin", "plural", "listed", "count", "likeness", "likeness ahead", "coverage", "coverage ahead")
LONE = 0.3  # lead of what there is nothing to compare with
LONGEST = 3.0  # tens of words; a question after several turns counts as one of these
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_SIDED = re.compile(  # the second floor, the back door
    rf"\b({'|'.join(_ORDINALS)}|\d+(?:st|nd|rd|th)|front|back|upper|lower|left|right|north|south|east|west|early|late|night)[\s-]([a-z]{{3,}})"
)
_CODE = re.compile(r"[a-z]+-?\d+[a-z]?", re.IGNORECASE)  # fv3, bbt-2: typed in a hurry, a code is in small letters
_NUMBERED = re.compile(r"\b([a-z]{3,})[\s-]{1,2}(\d+[a-z]?|[a-z]\d+|[b-hj-z])\b(?![:.,%]\d)")  # ward 4b, room 214, workshop c


class Evidence:
    """A question, all lessons of a channel as hits, the nearest first; and what speaks for some of them."""

    def __init__(self, question: str, hits: Sequence[Hit], alike: Alike) -> None:
        self.question, self.hits, self.alike = question, hits, alike
        texts = tuple(sorted(hit.lesson.said for hit in hits))
        self.known = names(texts)
        self.plain = unnamed(question, self.known)
        self.matters = dict(zip(texts, alike(self.plain, _all_unnamed(texts)), strict=True))
        self.told = frozenset(word for hit in hits for word in stems(hit.lesson.said))

    def of(self, hit: Hit, outdated: Sequence[Lesson] = ()) -> tuple[float, ...]:
        """The `FEATURES` of a hit among all. What is `outdated` by it is no rival: that such a lesson is as near makes it no less certain.

        coverage, likeness: as in the hit. ahead: its score less the next lesson's. fits: what share of the kinds of value asked for does it hold? strange:
        does the question name what it does not? matter: likeness when neither says whom or what it is about; matter ahead: the same, less the best other
        lesson's, which may tell it of another thing. phrase: the share of the question that it says in one go. length: of the
        question, in tens of words.
        """
        cited = hit.sources
        others = [other for other in self.hits if other.lesson not in cited and other.lesson not in outdated]
        ahead = hit.score - others[0].score if others else LONE
        matter = self.matters[cited[0].said] if len(cited) == 1 else max(self.alike(self.plain, [unnamed(said_by(hit), self.known)]))
        most = max((self.matters[other.lesson.said] for other in others), default=matter - LONE)
        strange = _strange(self.question, cited, self.told, self.known)
        phrase, length = max(_in_one_go(self.question, lesson.said) for lesson in cited), min(len(self.question.split()) / 10, LONGEST)
        return hit.coverage, hit.likeness, max(-1.0, min(ahead, 1.0)), fits(self.question, said_by(hit)), strange, matter, matter - most, phrase, length

    def together(self, hit: Hit, listed: bool) -> tuple[float, ...]:
        """What `TOGETHER` says of several lessons, `listed` where all tell of one thing that the question names.

        akin: how alike the two are that are least so, with names left out: all of a list tell the same, two steps do not. plural: does the question ask for
        more than one? count: how many they are. likeness, coverage: of the least, and ahead of the nearest other.
        """
        mine, others = ([other for other in self.hits if (other.lesson in hit.parts) == inside] for inside in (True, False))
        plain = [unnamed(lesson.said, self.known) for lesson in hit.parts]
        like, covered = min(one.likeness for one in mine), min(one.coverage for one in mine)
        return (
            min(self.alike(one, [other])[0] for one, other in combinations(plain, 2)),
            float(chains.asks_for_several(self.question)), float(listed), float(len(hit.parts)),
            like, like - max((other.likeness for other in others), default=0.0), covered, covered - max((other.coverage for other in others), default=0.0),
        )  # fmt: skip


def said_by(hit: Hit) -> str:
    """All that its lessons say."""
    return chains.joined([lesson.said for lesson in hit.sources])


@remembered(CHANNELS)
def _all_unnamed(texts: tuple[str, ...]) -> tuple[str, ...]:
    known = names(texts)
    return tuple(unnamed(text, known) for text in texts)


def _in_one_go(question: str, text: str) -> float:
    """The longest run of words that both say, as a share of the question's; words without meaning aside."""
    asked, said = stems(question), stems(text)
    return SequenceMatcher(None, asked, said, autojunk=False).find_longest_match().size / max(1, len(asked))


def _strange(question: str, cited: Sequence[Lesson], told: Set[str], known: Names) -> float:
    """Does the question name what the cited lessons do not: a name that is `told` of elsewhere, one written as a name, room 7 where they say room 4?"""
    held = {word for lesson in cited for word in stems(lesson.said)}
    first = words(question)[:1]
    named = (
        word for word in content_words(question)
        if word in known and ((word[:1].isupper() and [word] != first) or _CODE.fullmatch(word) or stem(word) in told)
    )  # fmt: skip
    return float(any(stem(name) not in held for name in named) or _numbered_otherwise(question, " ".join(lesson.said for lesson in cited)))


def _numbered_otherwise(question: str, said: str) -> bool:
    """Does a text say "ward 4B" or "workshop C" of what the question gives another number or letter?"""
    asked, held = _numbered(question), _numbered(said)
    return any(held[thing].isdisjoint(numbers) for thing, numbers in asked.items() if thing in held)


def _numbered(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    sided = [] if asks_whether(text) else [(thing, _place(side)) for side, thing in _SIDED.findall(text.lower())]
    for thing, number in (*_NUMBERED.findall(text.lower()), *sided):
        if thing not in STOPWORDS:
            found.setdefault(stem(thing), set()).add(number)
    return found


def _place(side: str) -> str:
    """An ordinal as its number ("third", "3rd"), a side as it is."""
    return str(1 + _ORDINALS.index(side)) if side in _ORDINALS else re.sub(r"(?<=\d)\w+", "", side)
