"""What stands between the generated text and Slack: cite, abstain, or suppress. It never adds a word of its own knowledge.

Two judgements, each a certainty in nats of log-odds: is an answer from the weights right, and does a lesson that was looked up answer the question? Both
are logistic models with few features. Their coefficients were fitted once, on the development set of the learning benchmark, of which a part was taught and
the rest asked about all the same (`python -m tests.benchmarks.fit_guard`); the least certainty at which one may speak is calibrated by each night's exam.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from learning.memory.kinds import asked_for, kinds
from learning.memory.recall import Hit, coverages, search
from learning.memory.words import stem, stems, values, words
from learning.records import Lesson

ABSTENTION = "I don't know that yet."
SURE = 1.0  # least certainty, where no exam has said otherwise
VERY_SURE = 1.0  # added where nobody addressed the bot
LEARNED = 3.0  # nats by which the adapter must raise the answer's log-probability above the base's: else it was not learned here
SAME = 0.85  # share of the answer's words that the cited lesson must hold
_OURS = re.compile(r"\b(we|our|ours|us|my|this channel|the team|these days|currently)\b", re.IGNORECASE)
# Coefficients: constant; coverage of the question; its lead over the next lesson; does a kind of value fit the question word; words shared, up to four.
_LOOKED_UP = (-4.64, 1.65, 2.08, 1.94, 1.20)
# Constant; logit of the weakest token; coverage; is it the lesson that covers most; does the kind of value fit.
_BY_HEART = (-3.64, 0.64, 2.57, 0.83, 2.08)


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


def judge(question: str, answer: str, lessons: Sequence[Lesson], confidence: Confidence, sure: float = SURE) -> Judgement:
    """May an answer from the weights be posted, and which lessons does it rest on?"""
    cited = supporting(question, answer, lessons)
    if not cited:
        return Judgement((), "no lesson supports it")
    if confidence.gain < LEARNED:
        return Judgement((), "the adapter does not make it more likely than the base does")
    certainty = _log_odds(_BY_HEART, evidence(question, cited, lessons, confidence))
    if certainty < sure:
        return Judgement((), f"not sure enough ({certainty:.1f} < {sure:.1f})", certainty)
    return Judgement(cited, "learned", certainty)


def evidence(question: str, cited: Sequence[Lesson], lessons: Sequence[Lesson], confidence: Confidence) -> tuple[float, ...]:
    """What speaks for an answer from the weights: the features of `_BY_HEART`, without the constant."""
    weakest = min(max(confidence.weakest, 1e-4), 1 - 1e-4)
    covered = dict(zip((lesson.id for lesson in lessons), coverages(lessons, question), strict=True))
    own = max(covered[lesson.id] for lesson in cited)
    return math.log(weakest / (1 - weakest)), own, float(own > 0 and own >= max(covered.values())), _fits(question, cited)


def certainty_of(question: str, hits: Sequence[Hit]) -> float:
    """How certainly the first of some lessons that were looked up answers the question, in nats of log-odds."""
    return _log_odds(_LOOKED_UP, evidence_of(question, hits)) if hits else -math.inf


def evidence_of(question: str, hits: Sequence[Hit]) -> tuple[float, ...]:
    """What speaks for the first of some lessons that were looked up: the features of `_LOOKED_UP`, without the constant."""
    best, lead = hits[0], hits[0].coverage - (hits[1].coverage if len(hits) > 1 else 0.0)
    shared = len(set(stems(question)) & set(stems(f"{best.lesson.question or ''} {best.lesson.text}")))
    return best.coverage, lead, _fits(question, [best.lesson]), min(shared, 4)


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


def about_us(question: str, lessons: Sequence[Lesson]) -> bool:
    """Does a question ask for something of this channel, which the base cannot know? It names what a lesson names, or says "we", or holds a code."""
    if _OURS.search(question):
        return True
    named = {stem(value) for value in values(question)[1:]} | {stem(value) for value in values(question) if not value.istitle()}
    return bool(named & {stem(value) for lesson in lessons for value in values(lesson.text)})


def _fits(question: str, cited: Sequence[Lesson]) -> float:
    """Does a lesson hold the kind of value that the question word asks for? A half where it asks for none."""
    asked = asked_for(question)
    return float(bool(asked & {kind for lesson in cited for kind in kinds(lesson.text)})) if asked else 0.5


def _log_odds(coefficients: Sequence[float], features: Sequence[float]) -> float:
    return coefficients[0] + sum(c * f for c, f in zip(coefficients[1:], features, strict=True))
