"""Where the guard's judge comes from: logistic fits on the benchmark's sets, of which a part was taught and all is asked about.

    python -m tests.benchmarks.fit_guard     (seven minutes; shows what to expect, and writes learning/memory/judge.json, and OLDER)

Channels are of the size that the sets give, and of one to sixteen lessons; what is asked of the small ones is to one half about other things. The sets come
from two hands: what is fitted on the one and tested on the other tells more than any cross-validation within one, even by whole families. The benchmark
measures with a judge that was fitted on the older ones alone (`OLDER`).
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from learning.memory import chains, guard, judge
from learning.memory.encoder import encoder
from learning.memory.evidence import FEATURES, TOGETHER
from learning.records import Lesson
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.material import Taught

RISKS = (0.01, 0.02, 0.035, 0.05)  # shares of all questions that are answered wrongly
FOLDS = 5
RIDGE, RIDGE_SEVERAL = 10.0, 3.0
SMALL = (1, 2, 4, 8, 16)  # lessons
OLDER = material.DATA / "judge_older.json"
HOPELESS = -1.0  # nats: several lessons that answer less certainly teach nothing

Wanted = tuple[str, Taught | None, str]  # a question, the lesson that answers it, and the family that it asks about, or the free-form lesson


@dataclass(frozen=True)
class Channel:
    """Lessons, and what is asked."""

    name: str
    lessons: Sequence[Taught]
    asked: Sequence[Wanted]


@dataclass(frozen=True)
class Question:
    """One question: its group, never parted by cross-validation; can it be answered? How certain must one be in a channel like this? And what was seen of each
    lesson, and of several together, and which is right."""

    channel: str
    group: str
    known: bool
    bar: float
    alone: Sequence[tuple[guard.Features, bool]]
    joint: Sequence[tuple[guard.Features, guard.Features, bool]]


Judged = tuple[Question, float, bool]  # how certain its surest answer is, and whether that is right


def channels(fresh: bool) -> list[Channel]:
    """Every family with as many free-form lessons, three lessons in ten never taught, the development set likewise, and small parts of all of them."""
    whole = [] if fresh else [Channel("development", *_partly(material.lessons("development")))]
    families, free = ("fresh_families", ("fresh_lessons",)) if fresh else ("families", ("lessons_a", "lessons_b"))
    loose = random.Random(0).sample(material.lessons(*free), len(material.lessons(*free)))
    for name in sorted({lesson.family for lesson in material.lessons(families) if lesson.family}):
        family = [lesson for lesson in material.lessons(families) if lesson.family == name]
        taught, asked = _partly([*family, *loose[: len(family)]])
        del loose[: len(family)]
        whole.append(Channel(name, taught, [*asked, *_strange(taught, fresh, 8 if fresh else 12)]))
    rng = random.Random(5)
    return [*whole, *(_part(channel, size, rng) for channel in whole for size in SMALL for _ in range(2))]


def together(fresh: bool) -> Channel:
    """What takes several lessons, two steps and lists, among sixty that are asked for alone."""
    free = material.lessons("fresh_lessons" if fresh else "development")[:60]
    taught, asked = list(free), _about(free, free)
    for kind in ("links", "lists"):
        for entry in material.rows(f"fresh_{kind}" if fresh else kind):
            texts = [lesson["text"] for lesson in entry["lessons"]]
            taught += [Taught(lesson["id"], lesson["text"], (), {}) for lesson in entry["lessons"]]
            asked.append((entry["question"], Taught(entry["id"], chains.joined(texts), tuple(entry["gold"]), {}), f"{kind} {entry['id']}"))
    return Channel("together", taught, asked)


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
    """For each question what was seen of its candidates, and which are right."""
    alike, numbers = encoder(Settings().cache).alike, count(1)
    lessons = [Lesson(id=next(numbers), text=lesson.text) for lesson in channel.lessons]
    for question, wanted, group in channel.asked:
        seen = [(one, bool(wanted and wanted.is_right(one.hit.lesson.text))) for one in guard.evident(question, lessons, alike)]
        alone = [(one.features, right) for one, right in seen if not one.hit.parts]
        joint = [(one.features, one.joint, right) for one, right in seen if one.hit.parts]
        yield Question(channel.name, group, wanted is not None, guard.least(len(lessons)), alone, joint)


def fit(questions: Sequence[Question]) -> dict[str, judge.Model]:
    """How certainly a lesson answers; and, by that, whether it takes several."""
    rows = [(features, right) for question in questions if question.channel != "together" for features, right in question.alone]
    answers = logistic([features for features, _ in rows], [right for _, right in rows], True, RIDGE)
    compared = []
    for question in questions:
        if not question.channel.startswith("of "):
            alone, known = _surest(answers, question)[1:]
            sure = judge.odds(answers, np.array([features for features, *_ in question.joint])) if question.joint else ()
            for (features, together, right), odds in zip(question.joint, sure, strict=True):
                if odds > HOPELESS:
                    compared.append((judge.compared(alone, features, together), right and not known))
    return {"answers": answers, "several": logistic([row for row, _ in compared], [right for _, right in compared], False, RIDGE_SEVERAL)}


def logistic(rows: Sequence[Sequence[float]], right: Sequence[bool], products: bool, ridge: float) -> judge.Model:
    """Mean and deviation of the features, and the coefficients."""
    features = np.array(rows)
    mean, deviation = features.mean(0), np.where(features.std(0) > 0, features.std(0), 1.0)
    inputs = judge.expanded(features, mean, deviation, products)
    return {"mean": mean, "deviation": deviation, "coefficients": newton(inputs, right, ridge)}


def newton(inputs: judge.Floats, right: Sequence[bool], ridge: float) -> judge.Floats:
    """Regularised logistic regression by Newton's method; the first input is the constant, which costs nothing."""
    wanted = np.array(right, dtype=float)
    penalty, weights = ridge * np.diag([1e-6, *[1.0] * (inputs.shape[1] - 1)]), np.zeros(inputs.shape[1])
    for _ in range(50):
        sure = 1 / (1 + np.exp(-inputs @ weights))
        weights -= np.linalg.solve((inputs * (sure * (1 - sure))[:, None]).T @ inputs + penalty, inputs.T @ (sure - wanted) + penalty @ weights)
    return weights


def _surest(answers: judge.Model, question: Question) -> tuple[float, guard.Features, bool]:
    """The single lesson that answers most certainly: nats, what was seen of it, and whether it is right."""
    odds = judge.odds(answers, np.array([features for features, _ in question.alone]))
    features, right = question.alone[int(odds.argmax())]
    return float(odds.max()), features, right


def tested(fitted: dict[str, judge.Model], questions: Sequence[Question]) -> list[Judged]:
    """How certain the surest answer to each question is, of one lesson or several, and whether it is right."""
    found = []
    for question in questions:
        certainty, alone, right = _surest(fitted["answers"], question)
        joint = [
            (float(judge.odds(fitted["several"], np.array([judge.compared(alone, features, together)]), False)[0]), features, good)
            for features, together, good in question.joint
        ]
        odds, features, good = max(joint, default=(0.0, alone, right))
        together = float(judge.odds(fitted["answers"], np.array([features]))[0])
        found.append((question, together, good) if odds > 0 and together >= question.bar else (question, certainty, right))
    return found


def crossed(questions: Sequence[Question]) -> list[Judged]:
    """By cross-validation over groups."""
    groups, found = sorted({question.group for question in questions}), []
    random.Random(1).shuffle(groups)
    for fold in range(FOLDS):
        held_out = set(groups[fold::FOLDS])
        fitted = fit([question for question in questions if question.group not in held_out])
        found += tested(fitted, [question for question in questions if question.group in held_out])
    return found


def show(name: str, found: Sequence[Judged]) -> None:
    """How many of the questions that can be answered are answered rightly, where so many of all are answered wrongly; and both at the guard's own bar."""
    known, told = sum(question.known for question, *_ in found), []
    for risk in RISKS:
        wrong = sorted((certainty for _, certainty, right in found if not right), reverse=True)
        least = wrong[int(risk * len(found))] if len(wrong) > int(risk * len(found)) else float("-inf")
        told.append(f"{sum(right for _, certainty, right in found if certainty > least) / known:.0%} ({least:.1f})")
    said = [right for question, certainty, right in found if certainty >= question.bar]
    print(f"{name:24} {len(found):5} questions; right at {' / '.join(map(str, RISKS))} wrong: {', '.join(told)}; ", end="")
    print(f"at the bar: {sum(said) / known:.0%} right, {(len(said) - sum(said)) / len(found):.1%} wrong")


def show_all(name: str, found: Sequence[Judged]) -> None:
    """By the channels' size, and of two steps and lists."""
    single = [one for one in found if not one[0].group.startswith(("links", "lists"))]
    show(f"{name}, whole", [one for one in single if not one[0].channel.startswith("of ")])
    for size in SMALL:
        show(f"{name}, of {size}", [one for one in single if one[0].channel == f"of {size}"])
    for kind in ("links", "lists"):
        show(f"{name}, {kind}", [one for one in found if one[0].group.startswith(kind)])


def main() -> None:
    """Gather, test, fit, and write the file."""
    older, newer = ([question for channel in (*channels(fresh), together(fresh)) for question in judged(channel)] for fresh in (False, True))
    show_all("older → newer", tested(fit(older), newer))
    show_all("newer → older", tested(fit(newer), older))
    show_all("by families", crossed([*older, *newer]))
    for file, questions in ((judge.FILE, [*older, *newer]), (OLDER, older)):
        written = {model: {name: [round(float(number), 4) for number in numbers] for name, numbers in of.items()} for model, of in fit(questions).items()}
        file.write_text(json.dumps({"features": FEATURES, "together": TOGETHER, **written}, indent=1) + "\n")


if __name__ == "__main__":
    main()
