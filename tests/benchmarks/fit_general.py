"""Where the coefficients of `general` come from: a logistic fit on general questions, and on what is asked of channels of several sizes.

python -m tests.benchmarks.fit_general     (three minutes; prints the coefficients for learning/memory/general.py, and what they do)

Fitted on the older sets; the general questions that are studied along are each compared with those of other forms. The bar was chosen with a look at what
comes of the fresh ones.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from learning.answers import ASKS_FOR_GENERAL
from learning.memory import general
from learning.memory.encoder import encoder
from learning.records import Lesson
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.fit_guard import newton

SIZES = (0, 4, 20, 100, 200, 500)  # lessons
SEEDS = (2, 3, 1)
EACH = 100  # questions of each list of a channel, so that none weighs more
RIDGE = 0.1

Seen = tuple[tuple[float, ...], bool]  # what is seen of a question, and whether it names what is the channel's


def forms() -> Iterator[tuple[str, list[str]]]:
    """Each general question that is studied along, and those of other forms."""
    single = len(general.QUESTIONS) - sum(len(group) for group in general.FORMED)
    groups = [*((question,) for question in general.QUESTIONS[:single]), *general.FORMED]
    for group in groups:
        others = [question for question in general.QUESTIONS if question not in group]
        yield from ((question, others) for question in group)


def seen(size: int, seed: int, fresh: bool) -> dict[str, list[Seen]]:
    """What is seen in a channel of its general questions, of what nobody taught, and of what somebody did."""
    alike, taught = encoder(Settings().cache).alike, material.channel(size, seed, fresh)
    somebody = taught or material.channel(SIZES[-1], seed, fresh)  # of an empty channel all is asked that might be
    lessons = [Lesson(id=number, text=lesson.text) for number, lesson in enumerate(taught)]
    asked = [question for lesson in somebody for question in lesson.asked.values()]
    lists: Mapping[str, Sequence[tuple[str, Sequence[str]]]] = {
        "general": [(row["question"], general.QUESTIONS) for row in material.rows("fresh_general" if fresh else "general")],
        "unknown": [(row["question"], general.QUESTIONS) for row in material.unknown(somebody, fresh)],
        "known": [(question, general.QUESTIONS) for question in random.Random(0).sample(asked, min(len(asked), 2 * EACH))],
        "studied": [] if fresh else list(forms()),
    }
    return {
        name: [(general.evidence(question, lessons, alike, others), general.is_ours(question, lessons)) for question, others in questions]
        for name, questions in lists.items()
    }


def main() -> None:
    """Gather, fit, print, and say what is taken for general in channels of each size."""
    older, fresh = ({(size, seed): seen(size, seed, which) for size in SIZES for seed in SEEDS} for which in (False, True))
    rng, inputs, right = random.Random(0), [], []
    for (size, _), lists in older.items():
        for name, questions in lists.items():
            if size:  # of an empty channel nothing is fitted: there is no likeness to lessons
                inputs += rng.choices([features[:-1] for features, ours in questions if not ours], k=EACH)
                right += [name in ("general", "studied")] * EACH
    weights = (*(round(float(weight), 2) for weight in newton(np.array(inputs), right, RIDGE)), general.COEFFICIENTS[-1])
    print("COEFFICIENTS =", weights)
    for title, coefficients in (("as fitted now", weights), ("as shipped", general.COEFFICIENTS)):
        for name, channels in (("older", older), ("fresh", fresh)):
            for size in SIZES:
                taken = {}
                for kind in ("general", "unknown", "known"):
                    told = [one for seed in SEEDS for one in channels[size, seed][kind]]
                    taken[kind] = np.mean([not ours and float(np.dot(coefficients, features)) >= ASKS_FOR_GENERAL for features, ours in told])
                print(f"{title}, {name}, {size} lessons, taken for general:", ", ".join(f"{kind} {share:.1%}" for kind, share in taken.items()))


if __name__ == "__main__":
    main()
