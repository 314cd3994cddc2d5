"""What stands between the generated text and Slack: cite, abstain, or suppress. It never adds a word of its own knowledge.

One judgement, whoever found a lesson, the weights or a search: how certainly does it answer the question, in nats of log-odds (`judge.py`)? What speaks for
it is how near it is in words and in meaning (`evidence.py`). That the adapter says it adds nothing to that (`learning/LOG.md`): it is heard
where it is right, and costs least. The least certainty at which one may speak is calibrated by each night's exam.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from learning.memory import chains, judge, replacing
from learning.memory.encoder import Alike
from learning.memory.evidence import Evidence
from learning.memory.polarity import against, both_stand, takes_a_side, turned_round
from learning.memory.recall import Hit, nearest, search
from learning.memory.words import stems, values, words
from learning.records import Lesson

ABSTENTION = "I don't know that yet."
SURE = 1.8  # least certainty in a channel of `MANY` lessons or more, before any exam: one question in fifty is answered wrongly where the judge was fitted
ALONE, MANY = 0.5, 8  # the same with one lesson, where there is less to confuse; and how many are many
VERY_SURE = 0.7  # added where nobody addressed the bot: about half as many are wrong then
LOST = 0.2  # geometric mean of the base's token probabilities below which it only rambles
LEARNED = 3.0  # nats by which the adapter must raise the answer's log-probability above the base's: else it was not learned here
SAME = 0.85  # share of the answer's words that the cited lesson must hold
WEIGHED = 3  # nearest lessons that may answer
NEAR_BY = 3  # of which one may say as it is asked what another says turned round


def least(lessons: int) -> float:
    """How certain an answer must be, in nats of log-odds, in a channel of so many lessons."""
    return SURE - (SURE - ALONE) * max(0, MANY - max(1, lessons)) / (MANY - 1)


@dataclass(frozen=True)
class Candidate:
    """A lesson, or several together, and how certainly that answers the question, in nats of log-odds."""

    hit: Hit
    certainty: float


Features = tuple[float, ...]  # `evidence.FEATURES`, or `TOGETHER`


@dataclass(frozen=True)
class Seen:
    """What may answer, and what speaks for it; of several lessons also what `evidence.TOGETHER` tells."""

    hit: Hit
    features: Features
    joint: Features = ()

    @property
    def candidate(self) -> Candidate:
        """It and its certainty."""
        return Candidate(self.hit, judge.log_odds(self.features))


def weigh(question: str, lessons: Sequence[Lesson], alike: Alike, said: Sequence[Lesson] = ()) -> list[Candidate]:
    """What may answer a question, the most certain first: the nearest lessons, and what is `said` by the weights. Before them several lessons, where it takes
    several and these are certain enough."""
    seen = evident(question, lessons, alike, said)
    alone = sorted(((one.candidate, one) for one in seen if not one.hit.parts), key=lambda pair: -pair[0].certainty)
    candidates = _newest(question, [candidate for candidate, _ in alone], alike)
    joint = [(judge.several(alone[0][1].features, one.features, one.joint), one) for one in seen if one.hit.parts]
    odds, best = max(joint, key=lambda pair: pair[0], default=(0.0, None))
    if best is None or odds <= 0 or best.candidate.certainty < least(len(lessons)):
        return candidates
    return [best.candidate, *(candidate for candidate in candidates if candidate.hit.lesson not in best.hit.parts)]


def _newest(question: str, candidates: list[Candidate], alike: Alike) -> list[Candidate]:
    """A lesson that a newer one perhaps contradicts gives way to it, where that is likelier right than wrong by itself: what changed is worded otherwise."""
    for newer in candidates[1:]:
        if newer.certainty > 0 and replacing.outdates(question, newer.hit.lesson, candidates[0].hit.lesson, alike):
            return [Candidate(newer.hit, candidates[0].certainty), *(other for other in candidates[1:] if other is not newer)]
    return candidates


def evident(question: str, lessons: Sequence[Lesson], alike: Alike, said: Sequence[Lesson] = ()) -> list[Seen]:
    """What may answer a question, and what speaks for it."""
    hits = _not_opposed(question, nearest(lessons, question, alike, len(lessons)))
    if not hits:
        return []
    ids = {lesson.id for lesson in said}  # of several that the weights join, only what search joins, too, was ever judged: they run on easily
    singles = [hit for number, hit in enumerate(hits) if number < WEIGHED or ids == {hit.lesson.id}]
    several = chains.several(lessons, hits, question, alike)
    joint = [(hit, listed) for hit, listed in several if not any(replacing.is_meant_of(question, *pair) for pair in permutations(hit.parts, 2))]
    evidence = Evidence(question, hits, alike)
    old = {hit: [] if joint else _outdated(question, hit, hits, alike) for hit in singles}  # where several may answer together, none is out of date
    return [
        *(Seen(hit, evidence.of(hit, old[hit])) for hit in singles),
        *(Seen(hit, evidence.of(hit), evidence.together(hit, listed)) for hit, listed in joint),
    ]


def _not_opposed(question: str, hits: list[Hit]) -> list[Hit]:
    """Without those that say the contrary of what is asked, "over 1000" for "under 1000", where one of the nearest says it as it is asked."""
    if not takes_a_side(question):
        return hits
    fitting = [hit.lesson.text for hit in hits[:NEAR_BY] if not against(question, hit.lesson.text)]
    return [hit for hit in hits if not (against(question, hit.lesson.text) and any(both_stand(text, hit.lesson.text) for text in fitting))]


def _outdated(question: str, hit: Hit, hits: Sequence[Hit], alike: Alike) -> list[Lesson]:
    """What a hit seems to contradict, being newer."""
    return [old.lesson for old in hits[:WEIGHED] if replacing.outdates(question, hit.lesson, old.lesson, alike)]


def supporting(question: str, answer: str, lessons: Sequence[Lesson]) -> tuple[Lesson, ...]:
    """The lesson that holds every name, number and code of the answer, and most of its words; where the answer has several sentences, one for each."""
    whole = _supporting(question, answer, lessons)
    if whole:
        return (whole,)
    found = [_supporting(question, sentence, lessons) for sentence in _sentences(answer)]
    return tuple(dict.fromkeys(lesson for lesson in found if lesson)) if len(found) > 1 and all(found) else ()


def told_of(lessons: Sequence[Lesson], question: str, answer: str) -> str:
    """What an answer says of some lessons: all of it where they support all, else the sentences that they support."""
    if supporting(question, answer, lessons):
        return answer
    return " ".join(sentence for sentence in _sentences(answer) if _supporting(question, sentence, lessons))


def is_whole(lessons: Sequence[Lesson], question: str, answer: str) -> bool:
    """Does an answer hold every name, number and code of some lessons that the question does not?"""
    said = {word.casefold() for word in (*words(question), *words(answer))}
    return all(value.casefold() in said for lesson in lessons for value in values(lesson.text))


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+(?=\S)", text.strip())


def _supporting(question: str, answer: str, lessons: Sequence[Lesson]) -> Lesson | None:
    said, wanted = set(stems(answer)), {value.casefold() for value in values(answer)}
    if not said:
        return None
    for hit in search(lessons, answer) or search(lessons, f"{question} {answer}"):
        held = {value.casefold() for value in hit.lesson.text.replace(",", " ").split()}
        held |= {value.casefold() for value in values(hit.lesson.text)} | {w.strip(".!?;:()\"'`") for w in held}
        in_its_words = wanted <= held and len(said & set(stems(hit.lesson.text))) >= SAME * len(said)
        if in_its_words and not turned_round(answer, hit.lesson.text):
            return hit.lesson
    return None


def whole_sentences(text: str, growing: bool = False) -> str:
    """What is left of an answer that was cut off, or is `growing`: up to its last whole sentence, or nothing."""
    match = re.match(r".*[.!?](?=\s+\S)" if growing else r".*[.!?](?=\s|$)", text, re.DOTALL)
    return match.group() if match else ""


def repeats_itself(text: str) -> bool:
    """Does the text go in circles, as small models do when they are lost? Their probabilities then look sure."""
    said = words(text.lower())
    triples = list(zip(said, said[1:], said[2:], strict=False))
    return len(triples) - len(set(triples)) > 1


def rambles(text: str, logprobs: Sequence[float]) -> bool:
    """Is the base lost, by the probabilities of its tokens or because it goes in circles?"""
    return not logprobs or math.exp(sum(logprobs) / len(logprobs)) < LOST or repeats_itself(text)
