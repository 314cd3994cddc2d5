"""Lessons that answer together: two that lead from one to the other by a name, and all that tell the same of one thing.

A single search finds what is worded like the question. The second step of "in which building do the owners of heron sit?" is worded like the first lesson's
answer instead, so it is looked for by the names that the first one brings in.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from learning.memory.encoder import Alike
from learning.memory.kinds import asked_for, held_kinds
from learning.memory.names import names, of_one_name
from learning.memory.recall import Coverage, Hit
from learning.memory.words import content_words, stem, stems
from learning.records import Lesson

SEEDS = 5  # hits from which a second step is tried
SISTERS = 12  # lessons that hold a name, at most: what more of them hold leads nowhere
FITS = 0.3  # what the kind of value that is asked for counts, next to coverage
TRIED = 3  # pairs whose meaning is compared with the question's
MOST = 6  # lessons of one list
AS_LIKE = (0.2, 0.35)  # how much less like the question the others of a list may be than the first
_LIST = re.compile(
    r"\b(all|every\w*|list|both|which ones|who are|who(.s| is| was) (in(?! charge)|on(?! call| duty)|involved)"
    r"|what.?s (in|all|included)|what (else|must|has to|have to)"
    r"|(which|what) \w+ (is|are) there|(which|what) (?!is\b|does\b|was\b|us\b|this\b)\w+[^s\W]s"
    r"|(what|whom|where) (do|does|did|can|may|are|all)|who (do|can|may|all))\b",
    re.IGNORECASE,
)

Held = Mapping[int, frozenset[str]]  # by lesson id: its stems


def joined(texts: Sequence[str]) -> str:
    """Lessons one after the other, each a sentence."""
    return " ".join(text if text.endswith((".", "!", "?")) or len(texts) == 1 else f"{text}." for text in texts)


def asks_for_several(question: str) -> bool:
    """Is it worded as if there were more than one answer?"""
    return bool(_LIST.search(question))


def several(lessons: Sequence[Lesson], hits: Sequence[Hit], question: str, alike: Alike) -> list[tuple[Hit, bool]]:
    """What several lessons say together, as hits with their `parts`: two steps, and lists; and whether it is a list."""
    covering = Coverage(lessons, question)
    held = dict(zip((lesson.id for lesson in lessons), covering.shelf.held, strict=True))
    listed = lists(hits, question, covering, held)
    found = [*pairs(lessons, hits, question, covering, held), *listed]
    texts = [joined([lesson.text for lesson in parts]) for parts in found]
    likeness = alike(question, [joined([lesson.said for lesson in parts]) for parts in found]) if found else ()
    covered = [covering.of(frozenset().union(*(held[lesson.id] for lesson in parts))) for parts in found]
    together = [Hit.of(Lesson(id=0, text=text), share, like, parts) for text, share, like, parts in zip(texts, covered, likeness, found, strict=True)]
    return [(hit, set(hit.parts) in map(set, listed)) for hit in together]


def pairs(lessons: Sequence[Lesson], hits: Sequence[Hit], question: str, covering: Coverage, held: Held) -> list[tuple[Lesson, ...]]:
    """Two steps: lessons that share a name which the question does not say, where the second adds words of the question, or the kind of value it asks for."""
    wanted = asked_for(question)
    found: dict[frozenset[int], tuple[float, tuple[Lesson, Lesson]]] = {}
    for hit in hits[:SEEDS]:
        for other, name in _bridged(lessons, hit.lesson, covering, set(stems(question))):
            covered = covering.of(held[hit.lesson.id] | held[other.id])
            fits = bool(wanted & held_kinds(other.text)) and not wanted & held_kinds(hit.lesson.text)
            fits = fits and hit.coverage > covering.of(held[other.id]) and _is_about(other, name)
            if covered > max(hit.coverage, covering.of(held[other.id])) or fits:
                found[frozenset((hit.lesson.id, other.id))] = covered + FITS * fits, (hit.lesson, other)
    best = sorted(found.values(), key=lambda pair: (-pair[0], pair[1][0].id, pair[1][1].id))[:TRIED]
    return [_in_order(*pair) for _, pair in best]


def lists(hits: Sequence[Hit], question: str, covering: Coverage, held: Held) -> list[tuple[Lesson, ...]]:
    """All that tell of a thing that a question names, where it asks for more than one: those nearly as like the question as the first, and some less so.

    The thing is the rarest word that the question shares with the nearest lesson and with others.
    """
    same = covering.words_in(held[hits[0].lesson.id]) if hits and asks_for_several(question) else set()
    for thing in sorted(sorted(same), key=covering.weights.__getitem__, reverse=True):
        kin = [hit for hit in hits[:MOST] if thing in covering.words_in(held[hit.lesson.id])]
        near = [tuple(hit.lesson for hit in kin if hit.likeness >= hits[0].likeness - less) for less in AS_LIKE]
        if found := [some for some in dict.fromkeys(near) if len(some) > 1]:
            return found
    return []


def _bridged(lessons: Sequence[Lesson], first: Lesson, covering: Coverage, asked: set[str]) -> Iterator[tuple[Lesson, str]]:
    known = names(tuple(sorted(lesson.said for lesson in lessons)))
    for word in dict.fromkeys(content_words(first.said)):
        name = stem(word)
        if name not in asked and word in known and 1 < covering.shelf.holding[name] <= SISTERS:
            for other, held in zip(lessons, covering.shelf.held, strict=True):
                if name in held and other is not first and all(of_one_name(name, [first.said, other.said])):
                    yield other, name


def _is_about(lesson: Lesson, name: str) -> bool:
    """Does a lesson begin with a name, or nearly?"""
    return name in stems(lesson.said)[:3]


def _in_order(one: Lesson, other: Lesson) -> tuple[Lesson, Lesson]:
    """The lesson first that ends with the name which the other begins with."""
    shared = set(stems(one.said)) & set(stems(other.said))

    def place(lesson: Lesson) -> float:
        said = stems(lesson.said)
        return max(said.index(word) for word in shared) / len(said)

    return (one, other) if place(one) >= place(other) else (other, one)
