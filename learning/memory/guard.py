"""What stands between the generated text and Slack: cite, abstain, or suppress. It never adds a word of its own knowledge.

Two judgements, each a certainty in nats of log-odds: is an answer from the weights right, and does a lesson that was looked up answer the question? Both
are logistic models with few features. Their coefficients were fitted once, on the development set of the learning benchmark, of which a part was taught and
the rest asked about all the same (`python -m tests.benchmarks.fit_guard`); the least certainty at which one may speak is calibrated by each night's exam.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from learning.memory.encoder import Alike
from learning.memory.kinds import asked_for, kinds
from learning.memory.recall import Hit, nearest, search
from learning.memory.vocabulary import is_name
from learning.memory.words import content_words, stem, stems, values, words
from learning.records import Lesson

ABSTENTION = "I don't know that yet."
SURE = 2.0  # least certainty, where no exam has said otherwise
VERY_SURE = 1.0  # added where nobody addressed the bot
LEARNED = 3.0  # nats by which the adapter must raise the answer's log-probability above the base's: else it was not learned here
SAME = 0.85  # share of the answer's words that the cited lesson must hold
# Coefficients: constant; coverage of the question; likeness in meaning; lead over the next lesson; does a kind of value fit the question word; does the
# question name what the lesson does not; likeness when neither says whom or what it is about.
_LOOKED_UP = (-4.16, -0.67, 3.67, 3.43, 1.52, -0.81, 2.10)
# Constant; logit of the weakest token; then the same, the lead being over the best lesson that is not cited. Fitted on 212 answers only, and half a nat too
# sure on others: the constant is lower by that.
_BY_HEART = (-3.83, 0.74, 0.28, 1.32, 1.98, 1.49, 0.05, 1.28)


@dataclass(frozen=True)
class Confidence:
    """`weakest` is the least token probability, 0 to 1; `gain` the answer's log-probability with the adapter minus without, in nats."""

    weakest: float
    gain: float


@dataclass(frozen=True)
class Judgement:
    """`cited` are the lessons that support the answer; none, with the `reason`, when it may not be posted. `certainty` in nats of log-odds."""

    cited: tuple[Lesson, ...]
    reason: str
    certainty: float = -math.inf


def judge(question: str, answer: str, lessons: Sequence[Lesson], confidence: Confidence, alike: Alike, sure: float = SURE) -> Judgement:
    """May an answer from the weights be posted, and which lessons does it rest on?"""
    cited = supporting(question, answer, lessons)
    if not cited:
        return Judgement((), "no lesson supports it")
    if confidence.gain < LEARNED:
        return Judgement((), "the adapter does not make it more likely than the base does")
    certainty = _log_odds(_BY_HEART, evidence(question, cited, lessons, confidence, alike))
    if certainty < sure:
        return Judgement((), f"not sure enough ({certainty:.1f} < {sure:.1f})", certainty)
    return Judgement(cited, "learned", certainty)


def evidence(question: str, cited: Sequence[Lesson], lessons: Sequence[Lesson], confidence: Confidence, alike: Alike) -> tuple[float, ...]:
    """What speaks for an answer from the weights: the features of `_BY_HEART`, without the constant."""
    weakest = min(max(confidence.weakest, 1e-4), 1 - 1e-4)
    ids = {lesson.id for lesson in cited}
    hits = nearest(lessons, question, alike, len(lessons))
    own, others = [hit for hit in hits if hit.lesson.id in ids], [hit for hit in hits if hit.lesson.id not in ids]
    lead = own[0].score - (others[0].score if others else 0.0)
    return (
        math.log(weakest / (1 - weakest)),
        own[0].coverage,
        own[0].likeness,
        min(max(lead, -1.0), 1.0),
        _fits(question, cited),
        _strange(question, cited, lessons),
        _matter(question, cited, alike),
    )


def certainty_of(question: str, hits: Sequence[Hit], alike: Alike) -> float:
    """How certainly the first of some lessons that were looked up answers the question, in nats of log-odds."""
    return _log_odds(_LOOKED_UP, evidence_of(question, hits, alike)) if hits else -math.inf


def evidence_of(question: str, hits: Sequence[Hit], alike: Alike) -> tuple[float, ...]:
    """What speaks for the first of some lessons that were looked up: the features of `_LOOKED_UP`, without the constant."""
    best, lead = hits[0], hits[0].score - (hits[1].score if len(hits) > 1 else 0.0)
    return (
        best.coverage,
        best.likeness,
        min(lead, 1.0),
        _fits(question, [best.lesson]),
        _strange(question, [best.lesson], [hit.lesson for hit in hits]),
        _matter(question, [best.lesson], alike),
    )


def supporting(question: str, answer: str, lessons: Sequence[Lesson]) -> tuple[Lesson, ...]:
    """The lesson that holds every name, number and code of the answer, and most of its words; where the answer has several sentences, one for each."""
    whole = _supporting(question, answer, lessons)
    if whole:
        return (whole,)
    found = [_supporting(question, sentence, lessons) for sentence in re.split(r"(?<=[.!?])\s+(?=\S)", answer.strip())]
    return tuple(dict.fromkeys(lesson for lesson in found if lesson)) if len(found) > 1 and all(found) else ()


def _supporting(question: str, answer: str, lessons: Sequence[Lesson]) -> Lesson | None:
    said, wanted = set(stems(answer)), {value.casefold() for value in values(answer)}
    if not said:
        return None
    for hit in search(lessons, answer) or search(lessons, f"{question} {answer}"):
        held = {value.casefold() for value in hit.lesson.text.replace(",", " ").split()}
        held |= {value.casefold() for value in values(hit.lesson.text)} | {w.strip(".!?;:()\"'`") for w in held}
        if wanted <= held and len(said & set(stems(hit.lesson.text))) >= SAME * len(said):
            return hit.lesson
    return None


def whole_sentences(text: str) -> str:
    """What is left of an answer that was cut off: up to its last whole sentence, or nothing."""
    match = re.match(r".*[.!?](?=\s|$)", text, re.DOTALL)
    return match.group() if match else ""


def repeats_itself(text: str) -> bool:
    """Does the text go in circles, as small models do when they are lost? Their probabilities then look sure."""
    said = words(text.lower())
    triples = list(zip(said, said[1:], said[2:], strict=False))
    return len(triples) - len(set(triples)) > 1


def _fits(question: str, cited: Sequence[Lesson]) -> float:
    """Does a lesson hold the kind of value that the question word asks for? A half where it asks for none."""
    asked = asked_for(question)
    return float(bool(asked & {kind for lesson in cited for kind in kinds(lesson.text)})) if asked else 0.5


def _strange(question: str, cited: Sequence[Lesson], lessons: Sequence[Lesson]) -> float:
    """Does the question name something that the cited lessons do not: a name that another lesson holds, or one written as a name?"""
    held, elsewhere = ({word for lesson in some for word in stems(f"{lesson.question or ''} {lesson.text}")} for some in (cited, lessons))
    first = words(question)[:1]
    names = (word for word in content_words(question) if is_name(word) and ((word[:1].isupper() and [word] != first) or stem(word) in elsewhere))
    return float(any(stem(name) not in held for name in names))


def _matter(question: str, cited: Sequence[Lesson], alike: Alike) -> float:
    """How alike question and lesson are when neither says whom or what it is about: near misses tell something else of the same thing."""
    return max(alike(_unnamed(question), [_unnamed(lesson.text) for lesson in cited]))


def _unnamed(text: str) -> str:
    return re.sub(r"[\w#@'’-]+", lambda found: "it" if is_name(found.group()) else found.group(), text)


def _log_odds(coefficients: Sequence[float], features: Sequence[float]) -> float:
    return coefficients[0] + sum(c * f for c, f in zip(coefficients[1:], features, strict=True))
