"""Short-term memory: search over lessons. Plain: BM25 (Robertson & Zaragoza, 2009) by bm25s, on stems. Nearest: by words and by meaning."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import bm25s

from learning.memory.caches import CHANNELS, remembered
from learning.memory.encoder import Alike
from learning.memory.vocabulary import AFTER, ASIDES, ASKING, BEFORE, PLAIN, SYNONYMS
from learning.memory.words import STOPWORDS, content_words, is_common, stem, stems, words
from learning.records import Lesson

COVERED = 0.5  # share of a query that a lesson must cover to be what somebody may want forgotten
_SAID_AROUND = frozenset(stem(word) for said in (BEFORE, AFTER, ASIDES, PLAIN, *ASKING.values()) for phrase in said for word in words(phrase))
MEANING = 3.0  # how much likeness in meaning counts, next to coverage
FEW = 8  # lessons that are not kept ready
_LIKE = 0.6  # what a word counts that the lesson holds in other words


class Shelf:
    """Lessons made ready for search: the stems of each, in how many each stem occurs, and the BM25 index."""

    def __init__(self, texts: Sequence[str]) -> None:
        corpus = [stems(text) for text in texts]
        self.held = [frozenset(document) for document in corpus]
        self.holding = Counter(word for document in self.held for word in document)
        self._corpus = corpus

    @cached_property
    def index(self) -> bm25s.BM25:
        """For plain search alone."""
        index = bm25s.BM25()
        if self.holding:
            index.index(self._corpus, show_progress=False)
        return index


_kept = remembered(CHANNELS)(Shelf)


def _shelf(lessons: Sequence[Lesson]) -> Shelf:
    """A few are made ready faster than others are after them."""
    texts = tuple(lesson.said for lesson in lessons)
    return _kept(texts) if len(texts) > FEW else Shelf(texts)


@dataclass(frozen=True)
class Hit:
    """A lesson that search found.

    `coverage` is the share, 0 to 1, of what the query says that the lesson holds, rare words counting more; `likeness` is how alike both are in meaning.
    `parts` are the lessons that it joins, where it takes several.
    """

    lesson: Lesson
    score: float
    coverage: float
    likeness: float = 0.0
    parts: tuple[Lesson, ...] = ()

    @classmethod
    def of(cls, lesson: Lesson, coverage: float, likeness: float, parts: tuple[Lesson, ...] = ()) -> "Hit":
        """A hit by words and by meaning."""
        return cls(lesson, coverage + MEANING * likeness, coverage, likeness, parts)

    @property
    def sources(self) -> list[Lesson]:
        """The lessons as they were taught."""
        return list(self.parts) or [self.lesson]


def search(lessons: Sequence[Lesson], query: str, limit: int = 4) -> list[Hit]:
    """The lessons nearest to a query by BM25, best first; those that share no word with it are left out."""
    shelf = _shelf(lessons)
    known = [stem for stem in stems(query) if stem in shelf.holding]
    if not known:
        return []
    scores = shelf.index.get_scores(known)
    covered = Coverage(lessons, query).all()
    hits = [
        Hit(lesson, float(score), coverage)
        for lesson, held, score, coverage in zip(lessons, shelf.held, scores, covered, strict=True)
        if not held.isdisjoint(known)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.lesson.id))[:limit]


def nearest(lessons: Sequence[Lesson], query: str, alike: Alike, limit: int = 4) -> list[Hit]:
    """The lessons nearest to a query in words, synonyms included, and in meaning; best first."""
    if not lessons:
        return []
    rows = zip(lessons, Coverage(lessons, query).all(), alike(query, [lesson.said for lesson in lessons]), strict=True)
    hits = [Hit.of(lesson, coverage, likeness) for lesson, coverage, likeness in rows]
    return sorted(hits, key=lambda hit: (-hit.score, hit.lesson.id))[:limit]


class Coverage:
    """How much of a query a lesson covers.

    Each word of the query weighs as much as it is rare among the lessons. A name that no lesson holds weighs much: what the question is about is not
    there. Small talk weighs little, or nothing.
    """

    def __init__(self, lessons: Sequence[Lesson], query: str) -> None:
        self.shelf = _shelf(lessons)
        self.rarest = math.log(1 + len(lessons))
        self.weights: dict[str, float] = {}
        self.likes: dict[str, set[str]] = {}
        for word in dict.fromkeys(content_words(query)):
            asked = stem(word)
            holding = self.shelf.holding[asked]
            self.likes[asked] = in_other_words(word)
            if holding:
                self.weights[asked] = math.log(1 + len(lessons) / holding) * (0.35 if asked in _SAID_AROUND else 1.0)
            elif is_common(word) or asked in SYNONYMS:
                self.weights[asked] = 0.0 if asked in _SAID_AROUND else 0.25 * self.rarest
            else:
                self.weights[asked] = 0.8 * self.rarest
        self.total = sum(self.weights.values())

    def all(self) -> list[float]:
        """The share, 0 to 1, that each of the lessons covers."""
        return [self.of(lesson) for lesson in self.shelf.held]

    def of(self, held: frozenset[str]) -> float:
        """The share, 0 to 1, that a text with these stems covers."""
        exact = sum(weight for asked, weight in self.weights.items() if asked in held)
        alike = sum(_LIKE * max(weight, self.rarest / 2) for asked, weight in self.weights.items() if asked not in held and self.likes[asked] & held)
        return min(1.0, (exact + alike) / self.total) if self.total else 0.0

    def words_in(self, held: frozenset[str]) -> set[str]:
        """Stems of the query that a text with these stems holds, as they are or in other words; small talk left out."""
        return {asked for asked, weight in self.weights.items() if weight and asked not in _SAID_AROUND and (asked in held or self.likes[asked] & held)}


def in_other_words(word: str) -> set[str]:
    """Stems of what people at work also say for a word."""
    return {stem(part) for said in SYNONYMS.get(stem(word), ()) for part in said.split() if part not in STOPWORDS}


def said_around(word: str) -> bool:
    """Is it said around questions, whatever they are about?"""
    return stem(word) in _SAID_AROUND


def relevant(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that cover at least `COVERED` of the query: near enough to be what somebody wants forgotten."""
    return [hit for hit in hits if hit.coverage >= COVERED]
