"""Short-term memory: search over lessons. BM25 (Robertson & Zaragoza, 2009) by bm25s, on stems."""

from collections.abc import Sequence
from dataclasses import dataclass

import bm25s

from learning.memory.words import stems
from learning.records import Lesson

COVERED_FOR_SURE = 0.75  # the same where nobody addressed the bot
COVERED = 0.5  # share of a question's words that a lesson must hold before it is offered as an answer


@dataclass(frozen=True)
class Hit:
    """A lesson that search found. `coverage` is the share, 0 to 1, of the query's stems that it holds."""

    lesson: Lesson
    score: float
    coverage: float


def search(lessons: Sequence[Lesson], query: str, limit: int = 4) -> list[Hit]:
    """The lessons nearest to a query, best first; those that share no word with it are left out."""
    asked = stems(query)
    corpus = [stems(f"{lesson.question or ''} {lesson.text}") for lesson in lessons]
    vocabulary = {stem for document in corpus for stem in document}
    known = [stem for stem in asked if stem in vocabulary]
    if not known:
        return []
    index = bm25s.BM25()
    index.index(corpus, show_progress=False)
    scores = index.get_scores(known)
    hits = [
        Hit(lesson, float(score), len(set(asked) & set(document)) / len(set(asked)))
        for lesson, document, score in zip(lessons, corpus, scores, strict=True)
        if set(known) & set(document)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.lesson.id))[:limit]


def relevant(hits: Sequence[Hit], covered: float = COVERED) -> list[Hit]:
    """The hits that hold enough of the question to be worth a place in the prompt."""
    return [hit for hit in hits if hit.coverage >= covered]
