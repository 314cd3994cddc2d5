"""Where the weights of `replacing` come from: a logistic fit on pairs of lessons, of which one replaces the other or not.

python -m tests.benchmarks.fit_replacing     (a minute; prints the weights for learning/memory/replacing.py, and what they find in other sets)
"""

from collections.abc import Sequence

import numpy as np

from learning.memory.encoder import Encoder, encoder
from learning.memory.replacing import PERHAPS, REPLACES, Difference
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.fit_guard import newton

LIKE = 0.4  # cosine of pairs that count as hard: all others are told apart by that alone
FOLDS = 5

Pair = tuple[str, str]  # the newer lesson, and the older


def replacing(name: str) -> list[Pair]:
    """Pairs of which the first replaces the second."""
    return [(entry["new"]["text"], entry["old"]["text"]) for entry in material.rows(name)]


def contradicting() -> list[Pair]:
    """Lessons of two channels that contradict each other: in one channel, either would replace the other."""
    return [(entry[one]["text"], entry[other]["text"]) for entry in material.rows("two_channels") for one, other in (("one", "two"), ("two", "one"))]


def beside(sentences: Encoder, texts: Sequence[str]) -> list[Pair]:
    """Pairs that are alike, and stand beside each other."""
    vectors = sentences.vectors(texts)
    close = vectors @ vectors.T >= LIKE
    return [(texts[new], texts[old]) for new in range(len(texts)) for old in range(new) if close[new, old] and texts[new] != texts[old]]


def connected(*names: str) -> list[str]:
    """Lessons of which several tell something of one thing, each something else: all of them stand."""
    return [lesson["text"] for name in names for entry in material.rows(name) for lesson in entry["lessons"]]


def fit(rows: Sequence[tuple[Sequence[float], bool]]) -> list[float]:
    """A constant, and the weights of the features as they come."""
    weights = newton(np.array([(1.0, *told) for told, _ in rows]), [right for _, right in rows], 1.0)
    return [round(float(number), 2) for number in weights]


def main() -> None:
    """Fit; then say what is found, by cross-validation and in the fresh sets."""
    sentences = encoder(Settings().cache)
    replaced = [*replacing("replaced"), *contradicting()]
    other = beside(sentences, [lesson.text for lesson in material.lessons("development", "families", "lessons_a", "lessons_b")])
    apart = beside(sentences, [text for pair in replacing("replaced") for text in pair])
    other += [pair for pair in apart if pair not in replaced and pair[::-1] not in replaced]
    other += beside(sentences, connected("links", "followups", "lists"))
    rows = [(Difference.of(*pair, sentences.alike), number < len(replaced)) for number, pair in enumerate([*replaced, *other])]
    constant, *weights = fit(rows)
    print("_CONSTANT =", constant)
    print("_WEIGHTS =", Difference(*weights))
    judged = []
    for fold in range(FOLDS):
        weights = fit([row for number, row in enumerate(rows) if number % FOLDS != fold])
        judged += [(float(np.dot(weights, (1.0, *told))), right) for number, (told, right) in enumerate(rows) if number % FOLDS == fold]
    fresh = [(Difference.of(*pair, sentences.alike), True) for pair in replacing("fresh_replaced")]
    fresh += [
        (Difference.of(*pair, sentences.alike), False) for pair in beside(sentences, [x.text for x in material.lessons("fresh_lessons", "fresh_families")])
    ]
    fresh += [(Difference.of(*pair, sentences.alike), False) for pair in beside(sentences, connected("fresh_links", "fresh_followups", "fresh_lists"))]
    weights = fit(rows)
    seen = [(float(np.dot(weights, (1.0, *told))), right) for told, right in fresh]
    for name, marks in (("older sets, cross-validated", judged), ("fresh sets", seen)):
        for least in (PERHAPS, -1.5, -1.0, -0.5, REPLACES):
            found = [right for certainty, right in marks if certainty >= least]
            print(f"{name}: at least {least}: {sum(found)} of {sum(right for _, right in marks)} found, {len(found) - sum(found)} of {len(marks)} wrongly")


if __name__ == "__main__":
    main()
