"""What stands between the generated text and Slack: cite, abstain, or suppress. It never adds a word of its own knowledge."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from learning.memory.recall import search
from learning.memory.words import stem, stems, values, words
from learning.records import Lesson

ABSTENTION = "I don't know that yet."
SURE = 0.55  # least probability of the answer's least likely token, when question and lesson share a word
VERY_SURE = 0.97  # the same when they share none: the weights made a connection that search cannot check
LEARNED = 3.0  # nats by which the adapter must raise the answer's log-probability above the base's: else it was not learned here
SAME = 0.85  # share of the answer's words that the cited lesson must hold
_OURS = re.compile(r"\b(we|our|ours|us|my|this channel|the team|these days|currently)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Confidence:
    """`weakest` is the least token probability, 0 to 1; `gain` the answer's log-probability with the adapter minus without, in nats."""

    weakest: float
    gain: float


@dataclass(frozen=True)
class Judgement:
    """`cited` is the lesson that supports the answer, or None with the `reason` why the answer may not be posted."""

    cited: Lesson | None
    reason: str


def judge(question: str, answer: str, lessons: Sequence[Lesson], confidence: Confidence) -> Judgement:
    """May an answer from the weights be posted, and which lesson does it rest on?"""
    lesson = supporting(question, answer, lessons)
    if lesson is None:
        return Judgement(None, "no lesson supports it")
    if confidence.gain < LEARNED:
        return Judgement(None, "the adapter does not make it more likely than the base does")
    shared = set(stems(question)) & set(stems(f"{lesson.question or ''} {lesson.text}"))
    needed = SURE if shared else VERY_SURE
    if confidence.weakest < needed:
        return Judgement(None, f"not sure enough ({confidence.weakest:.2f} < {needed})")
    return Judgement(lesson, "learned")


def supporting(question: str, answer: str, lessons: Sequence[Lesson]) -> Lesson | None:
    """The lesson that holds every name, number and code of the answer, and most of its words."""
    said, wanted = set(stems(answer)), {value.casefold() for value in values(answer)}
    if not said:
        return None
    for hit in search(lessons, f"{question} {answer}"):
        held = {value.casefold() for value in hit.lesson.text.replace(",", " ").split()}
        held |= {value.casefold() for value in values(hit.lesson.text)} | {w.strip(".!?;:()\"'") for w in held}
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
