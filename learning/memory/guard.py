"""What stands between the generated text and Slack: cite, abstain, or suppress. It never adds a word of its own knowledge.

One judgement, whoever found a lesson, the weights or a search: how certainly does it answer the question, in nats of log-odds? What speaks for it is how near
it is in words and in meaning, and how much likelier it makes the question in the eyes of the base that reads it (query likelihood: Ponte & Croft, 1998; by
language models: Sachan et al., 2022). That the adapter says it adds nothing to that (`learning/LOG.md`): it may be heard where it is right, and costs least.

The model is logistic, with few features. Its coefficients were fitted once, on sets of the learning benchmark that are not measured, of which a part was
taught and the rest asked about all the same (`python -m tests.benchmarks.fit_guard`); the least certainty at which one may speak is calibrated by each
night's exam.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from learning.memory import chains, replacing
from learning.memory.encoder import Alike
from learning.memory.kinds import asked_for, kinds
from learning.memory.names import Names, names
from learning.memory.recall import Hit, nearest, search, told
from learning.memory.words import STOPWORDS, content_words, stem, stems, values, words
from learning.records import Lesson

ABSTENTION = "I don't know that yet."
SURE = 0.5  # least certainty, where no exam has said otherwise
VERY_SURE = 1.0  # added where nobody addressed the bot
LEARNED = 3.0  # nats by which the adapter must raise the answer's log-probability above the base's: else it was not learned here
SAME = 0.85  # share of the answer's words that the cited lesson must hold
READ = 3  # hits that are read
HOPELESS, BEYOND_DOUBT = -3.0, 5.0  # certainties beyond which reading would not change the verdict
MARGIN = 1.2  # nats by which several lessons must answer more certainly than one that holds the kind of value asked for
# Coefficients: constant; coverage of the question; likeness in meaning; lead over the next lesson; does a kind of value fit the question word; does the
# question name what the lesson does not; likeness when neither says whom or what it is about; do the weights say it, and how surely; and, where it was
# read, the lead of the question's log-probability over that with another lesson, in tens of nats.
_LOOKED_UP = (-4.98, 0.32, 5.44, 3.43, 1.38, -1.75, 0.9, 0.38, 1.02)
_READ = (-4.93, 0.67, 5.01, 2.39, 1.33, -1.54, 1.03, 0.02, 1.04, 2.0)
_NUMBERED = re.compile(r"\b([a-z]{3,})[\s-]{1,2}(\d+[a-z]?|[a-z]\d+|[b-hj-z])\b(?![:.,%]\d)")  # ward 4b, room 214, workshop c
LONE = 0.3  # lead of what there is nothing to compare with
_FITS = 3  # where among the features
_FAR = 20.0  # nats; leads are cut off there


Reading = Callable[[str, Sequence[str]], Sequence[float]]  # a question and some texts: how likely it is to be asked of each, as log-probability in nats


@dataclass(frozen=True)
class Candidate:
    """A lesson, or several together, and how certainly that answers the question, in nats of log-odds."""

    hit: Hit
    certainty: float


@dataclass(frozen=True)
class Heard:
    """What the weights say: the lessons that support it, and the probability of its least likely token."""

    said: Sequence[Lesson] = ()
    weakest: float = 0.0

    def of(self, hit: Hit) -> tuple[float, float]:
        """Does it speak for a hit (1), against it (-1) or not at all (0)? And the same times the log-odds of its least likely token."""
        speaks = 0.0 if not self.said else 1.0 if {lesson.id for lesson in self.said} == {lesson.id for lesson in hit.sources} else -1.0
        likely = min(max(self.weakest, 0.01), 0.99)
        return speaks, speaks * math.log(likely / (1 - likely)) / 4.6


def weigh(question: str, lessons: Sequence[Lesson], alike: Alike, reading: Reading | None = None, heard: Heard = Heard()) -> list[Candidate]:
    """What may answer a question, the most certain first: the nearest lessons, what several say together, and what is `heard` from the weights.

    Several count only where each alone is less certain by enough.
    """
    evident = evidence(question, lessons, alike, heard)
    if not evident:
        return []
    found = _one_or_several([(Candidate(hit, _log_odds(_LOOKED_UP, features)), features) for hit, features in evident])
    surest = max(candidate.certainty for candidate, _ in found)
    if reading and len(found) > 1 and HOPELESS < surest < BEYOND_DOUBT:
        likely = reading(question, [_told(candidate.hit) for candidate, _ in found])
        leads = [lead(number, likely) for number in range(len(found))]
        found = [(Candidate(c.hit, _log_odds(_READ, (*features, lead))), features) for (c, features), lead in zip(found, leads, strict=True)]
    return sorted((candidate for candidate, _ in found), key=lambda candidate: -candidate.certainty)


_Evident = tuple[Candidate, tuple[float, ...]]


def _one_or_several(found: Sequence[_Evident]) -> list[_Evident]:
    """Without the sets of several lessons; or with the surest of them in place of its parts, where it answers more certainly by enough than each lesson alone.

    A lesson that holds the kind of value which is asked for seldom needs another.
    """
    alone = [(candidate, features) for candidate, features in found if not candidate.hit.parts]
    joint = [(candidate, features) for candidate, features in found if candidate.hit.parts]
    best = max(joint, key=lambda one: one[0].certainty, default=None)
    if best is None or best[0].certainty <= max(candidate.certainty + MARGIN * features[_FITS] for candidate, features in alone):
        return alone
    return [best, *((candidate, features) for candidate, features in alone if candidate.hit.lesson not in best[0].hit.parts)]


def evidence(question: str, lessons: Sequence[Lesson], alike: Alike, heard: Heard) -> list[tuple[Hit, tuple[float, ...]]]:
    """What may answer a question, and what speaks for it: the features of `_LOOKED_UP`, without the constant."""
    hits = nearest(lessons, question, alike, len(lessons))
    if not hits:
        return []
    ids = {lesson.id for lesson in heard.said}
    singles = [hit for number, hit in enumerate(hits) if number < READ or ids == {hit.lesson.id}]
    joint = chains.several(lessons, hits, question, alike, heard.said if len(heard.said) > 1 else ())
    known = names(tuple(sorted(map(told, lessons))))
    old = {hit: [] if joint else _outdated(hit, hits, alike) for hit in singles}  # where several may answer together, none is out of date
    return [(hit, (*_nearness(question, hit, hits, alike, known, old.get(hit, [])), *heard.of(hit))) for hit in (*singles, *joint)]


def _outdated(hit: Hit, hits: Sequence[Hit], alike: Alike) -> list[Lesson]:
    """What a hit seems to contradict, being newer: that such a lesson is as near to the question makes it no less certain."""
    return [old.lesson for old in hits[:READ] if replacing.perhaps(hit.lesson, old.lesson, alike)]


def _nearness(question: str, hit: Hit, hits: Sequence[Hit], alike: Alike, known: Names, outdated: Sequence[Lesson]) -> tuple[float, ...]:
    """What speaks for a hit among others, whatever the weights say."""
    cited = hit.sources
    others = [other for other in hits if other.lesson not in cited and other.lesson not in outdated]
    ahead = hit.score - others[0].score if others else LONE
    matter = max(alike(unnamed(question, known), [unnamed(_told(hit), known)]))
    strange = _strange(question, cited, [other.lesson for other in hits], known)
    return hit.coverage, hit.likeness, max(-1.0, min(ahead, 1.0)), _fits(question, cited), strange, matter


def _told(hit: Hit) -> str:
    return chains.joined([told(lesson) for lesson in hit.sources])


def lead(number: int, likely: Sequence[float]) -> float:
    """By how much likelier a candidate makes the question than the best other one does, in tens of nats."""
    others = [value for other, value in enumerate(likely) if other != number]
    return max(-_FAR, min(likely[number] - max(others), _FAR)) / 10


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


def whole_sentences(text: str, growing: bool = False) -> str:
    """What is left of an answer that was cut off, or is `growing`: up to its last whole sentence, or nothing."""
    match = re.match(r".*[.!?](?=\s+\S)" if growing else r".*[.!?](?=\s|$)", text, re.DOTALL)
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


def _strange(question: str, cited: Sequence[Lesson], lessons: Sequence[Lesson], known: Names) -> float:
    """Does the question name what the cited lessons do not: a name that another lesson holds, one written as a name, room 7 where they say room 4?"""
    held, elsewhere = ({word for lesson in some for word in stems(f"{lesson.question or ''} {lesson.text}")} for some in (cited, lessons))
    first = words(question)[:1]
    named = (word for word in content_words(question) if word in known and ((word[:1].isupper() and [word] != first) or stem(word) in elsewhere))
    return float(any(stem(name) not in held for name in named) or _numbered_otherwise(question, " ".join(map(told, cited))))


def _numbered_otherwise(question: str, told: str) -> bool:
    """Does a text say "ward 4B" or "workshop C" of what the question gives another number or letter?"""
    asked, held = _numbered(question), _numbered(told)
    return any(held[thing].isdisjoint(numbers) for thing, numbers in asked.items() if thing in held)


def _numbered(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for thing, number in _NUMBERED.findall(text.lower()):
        if thing not in STOPWORDS:
            found.setdefault(stem(thing), set()).add(number)
    return found


def unnamed(text: str, known: Names) -> str:
    """A text that does not say whom or what it is about: near misses tell something else of the same thing."""
    return re.sub(r"[\w#@'’-]+", lambda found: "it" if found.group() in known else found.group(), text)


def _log_odds(coefficients: Sequence[float], features: Sequence[float]) -> float:
    return coefficients[0] + sum(c * f for c, f in zip(coefficients[1:], features, strict=True))
