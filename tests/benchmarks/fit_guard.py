"""Where the guard's judge comes from: a logistic fit on sets that are not measured, of which a part was taught and all is asked about.

    python -m tests.benchmarks.fit_guard     (two minutes; shows what to expect, and writes learning/memory/judge.json)

Channels are of the size that the sets give, and of one to sixteen lessons; what is asked of the small ones is to one half about other things. Whole families
of lessons are held out together where the fit is tested: what is learned of one family's questions must hold for another's.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from learning.memory import guard, judge
from learning.memory.encoder import encoder
from learning.memory.evidence import FEATURES
from learning.records import Lesson
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.material import Taught

RISKS = (0.01, 0.02, 0.035, 0.05)  # shares of all questions that are answered wrongly
FOLDS = 5
RIDGE = 10.0
SMALL = (1, 2, 4, 8, 16)  # lessons

Wanted = tuple[str, Taught | None, str]  # a question, the lesson that answers it, and the family that it asks about, or the free-form lesson


@dataclass(frozen=True)
class Channel:
    """Lessons, and what is asked."""

    name: str
    lessons: Sequence[Taught]
    asked: Sequence[Wanted]


@dataclass(frozen=True)
class Question:
    """One question: its group, never parted by cross-validation; whether it can be answered; its candidates' evidence, and which of them is right."""

    channel: str
    group: str
    known: bool
    features: judge.Floats
    right: Sequence[bool]


def channels() -> list[Channel]:
    """The development set and every older family with as many free-form lessons, three lessons in ten never taught; the one family of the fresh sets that
    was looked at; and small parts of all of them."""
    whole = [Channel("development", *_partly(material.lessons("development")))]
    loose = random.Random(0).sample(material.lessons("lessons_a", "lessons_b"), 260)
    for name in sorted({lesson.family for lesson in material.lessons("families") if lesson.family}):
        family = [lesson for lesson in material.lessons("families") if lesson.family == name]
        taught, asked = _partly([*family, *loose[: len(family)]])
        del loose[: len(family)]
        whole.append(Channel(name, taught, [*asked, *_strange(taught, False, 12)]))
    seen = material.channel(40, 0)
    whole.append(Channel("greenhouses", seen, [*_about(seen, seen), *_strange(seen, True, 20)]))
    rng = random.Random(5)
    return [*whole, *(_part(channel, size, rng) for channel in whole for size in SMALL for _ in range(2))]


def _partly(lessons: Sequence[Taught]) -> tuple[list[Taught], list[Wanted]]:
    """Seven lessons in ten, and the questions about all of them."""
    taught = random.Random(0).sample(lessons, 7 * len(lessons) // 10)
    return taught, _about(lessons, taught)


def _about(lessons: Sequence[Taught], taught: Sequence[Taught]) -> list[Wanted]:
    return [(question, lesson if lesson in taught else None, lesson.family or lesson.id) for lesson in lessons for question in lesson.asked.values()]


def _strange(taught: Sequence[Taught], fresh: bool, far: int) -> list[Wanted]:
    """Near misses of what was taught, and some questions about quite other things."""
    rows = material.unknown(taught, fresh)
    kin = {lesson.id: lesson.family or lesson.id for lesson in taught}
    distant = random.Random(len(taught)).sample([row for row in rows if row["kind"] == "far"], far)
    return [(row["question"], None, kin.get(row.get("near", ""), row["id"])) for row in (*(row for row in rows if row["kind"] != "far"), *distant)]


def _part(channel: Channel, size: int, rng: random.Random) -> Channel:
    taught = rng.sample(list(channel.lessons), size)
    mine = [wanted for wanted in channel.asked if wanted[1] in taught]
    others = [(question, None, group) for question, lesson, group in channel.asked if lesson not in taught]
    return Channel(f"of {size}", taught, [*mine, *rng.sample(others, min(len(others), len(mine)))])


def judged(channel: Channel) -> Iterator[Question]:
    """For each question the candidates, and which are right."""
    alike, numbers = encoder(Settings().cache).alike, count(1)
    lessons = [Lesson(id=next(numbers), text=lesson.text) for lesson in channel.lessons]
    for question, wanted, group in channel.asked:
        found = [(hit, features) for hit, features in guard.evident(question, lessons, alike) if not hit.parts]
        right = [bool(wanted and wanted.is_right(hit.lesson.text)) for hit, _ in found]
        yield Question(channel.name, group, wanted is not None, np.array([features for _, features in found]), right)


def fit(questions: Sequence[Question]) -> dict[str, judge.Floats]:
    """Mean and deviation of the features, and the coefficients: regularised logistic regression by Newton's method."""
    features, right = np.concatenate([q.features for q in questions]), np.concatenate([q.right for q in questions]).astype(float)
    mean, deviation = features.mean(0), features.std(0)
    rows = judge.expanded(features, mean, deviation)
    penalty, weights = RIDGE * np.diag([1e-6, *[1.0] * (rows.shape[1] - 1)]), np.zeros(rows.shape[1])
    for _ in range(50):
        sure = 1 / (1 + np.exp(-rows @ weights))
        weights -= np.linalg.solve((rows * (sure * (1 - sure))[:, None]).T @ rows + penalty, rows.T @ (sure - right) + penalty @ weights)
    return {"mean": mean, "deviation": deviation, "coefficients": weights}


def crossed(questions: Sequence[Question]) -> list[tuple[Question, float, bool]]:
    """By cross-validation over groups: each question, how certain its surest lesson is, and whether that is right."""
    groups, found = sorted({question.group for question in questions}), []
    random.Random(1).shuffle(groups)
    for fold in range(FOLDS):
        held_out = set(groups[fold::FOLDS])
        fitted = fit([question for question in questions if question.group not in held_out])
        for question in questions:
            if question.group in held_out:
                odds = judge.expanded(question.features, fitted["mean"], fitted["deviation"]) @ fitted["coefficients"]
                found.append((question, float(odds.max()), question.right[int(odds.argmax())]))
    return found


def show(name: str, found: Sequence[tuple[Question, float, bool]]) -> None:
    """How many of the questions that can be answered are answered rightly, where so many of all are answered wrongly; and both at the guard's own bar."""
    known, told = sum(question.known for question, *_ in found), []
    for risk in RISKS:
        wrong = sorted((certainty for _, certainty, right in found if not right), reverse=True)
        least = wrong[int(risk * len(found))] if len(wrong) > int(risk * len(found)) else float("-inf")
        told.append(f"{sum(right for _, certainty, right in found if certainty > least) / known:.0%} ({least:.1f})")
    said = [right for _, certainty, right in found if certainty >= guard.SURE]
    print(f"{name:12} {len(found):5} questions; right at {' / '.join(map(str, RISKS))} wrong: {', '.join(told)}; ", end="")
    print(f"at {guard.SURE}: {sum(said) / known:.0%} right, {(len(said) - sum(said)) / len(found):.1%} wrong")


def main() -> None:
    """Gather, test, fit, and write the file."""
    questions = [question for channel in channels() for question in judged(channel)]
    found = crossed(questions)
    show("whole", [one for one in found if not one[0].channel.startswith("of ")])
    for size in SMALL:
        show(f"of {size}", [one for one in found if one[0].channel == f"of {size}"])
    written = {name: [round(float(number), 4) for number in numbers] for name, numbers in fit(questions).items()}
    judge.FILE.write_text(json.dumps({"features": FEATURES, **written}, indent=1) + "\n")


if __name__ == "__main__":
    main()
