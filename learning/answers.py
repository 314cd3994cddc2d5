"""How an answer comes about: closed-book by the channel's adapter, judged; else from short-term memory; else from the base; else not at all."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from learning.memory import follow_ups, guard, recall
from learning.memory.encoder import Alike
from learning.memory.general import certainty_general
from learning.memory.guard import ABSTENTION
from learning.memory.words import normalised
from learning.model.client import AdapterRef, AdapterUnusable, Client, Completion
from learning.model.rendering import Renderer, Turn
from learning.records import Lesson
from learning.repertoire import opening, repertoire

logger = logging.getLogger(__name__)

LONGEST = 96  # tokens of an answer
LONGEST_PROMPT = 900  # tokens
ASKS_FOR_GENERAL = 1.0  # nats of log-odds
LEARNED_IN = 8  # tokens of an answer that mostly suffice to see that the base would not have said it
NEAR = -2.0  # nats of log-odds from which a lesson may have to do with a question

Mode = Literal["auto", "weights", "freely", "search", "prompt", "base"]
Plain = Literal["weights", "freely", "search", "prompt", "base"]  # one source alone, unjudged
Say = Callable[[str], None]
How = Literal["weights", "freely", "recall", "general", "search", "prompt", "base", "abstained", "noted", "asked_back"]  # the last two: no answers


@dataclass(frozen=True)
class Knowledge:
    """What a channel can answer from: its serving adapter, its lessons in force, what may be looked up and by what measure, and how certain it must be.

    `learned` are those of its lessons that the adapter was trained on: by heart it says one of these. What was looked up is quoted, or `reads`: put into the
    prompt of the base, or of the `reader`, an adapter that was trained to believe what is in sight.
    `instead()` is what to answer from where an engine refuses the adapter; without it all is looked up.
    """

    adapter: AdapterRef | None
    lessons: Sequence[Lesson]
    recalled: Sequence[Lesson]
    alike: Alike
    sure: float
    reads: bool = False
    reader: AdapterRef | None = None
    instead: "Callable[[], Knowledge] | None" = None
    learned: Sequence[Lesson] = ()


@dataclass
class Answer:
    """An answer and where it comes from. `certainty` is how certainly it is right, in nats of log-odds, where that was judged: also of what was not said.

    `near` is a lesson that may have to do with a question which was not answered. `room` is the channel that it was looked up in, by id, where that is not
    the one in which it was asked. `settle`: the lesson that was noted has replaced others, or perhaps has to.
    """

    question: str
    answer: str
    how: How
    adapter: str | None = None
    sources: list[Lesson] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    certainty: float = -math.inf
    near: Lesson | None = None
    room: int | None = None
    settle: Literal["", "replaced", "perhaps"] = ""

    @property
    def abstained(self) -> bool:
        """Was nothing found that may be said?"""
        return self.how == "abstained"


class Answerer:
    """Answers questions over one engine."""

    def __init__(self, client: Client, speaker: Renderer) -> None:
        self.client = client
        self.speaker = speaker

    def answer(
        self, question: str, knowledge: Knowledge, mode: Mode = "auto", before: Sequence[Turn] = (), sure_only: bool = False, say: Say = lambda _: None
    ) -> Answer:
        """Answer in a mode; `before` are the turns of the thread so far. With `sure_only`, only lessons count, not the base's knowledge.

        `say` hears of a longer answer as it grows, sentence by sentence, each time all that may be said so far. What it raises ends the answer.
        """
        started = time.monotonic()
        question, before = self._fitting(question, before)
        if mode == "auto":
            while True:
                try:
                    found, best = self._best(question, knowledge, before, sure_only)
                    break
                except AdapterUnusable as error:
                    logger.warning("%s", error)
                    knowledge = knowledge.instead() if knowledge.instead else replace(knowledge, adapter=None, reader=None)
            if found is None and not sure_only and not (before and follow_ups.points_back(question)):
                found = self._from_base(question, knowledge, say)
            answer = found or Answer(question, ABSTENTION, "abstained", knowledge.adapter.name if knowledge.adapter else None)
            answer.certainty = best.certainty if best else -math.inf
            answer.near = best.hit.sources[0] if best and best.certainty > NEAR and answer.abstained else None
        else:
            answer = self._plainly(question, knowledge, mode, before)
        answer.question = question
        answer.seconds = round(time.monotonic() - started, 3)
        return answer

    def _fitting(self, question: str, before: Sequence[Turn]) -> tuple[str, list[Turn]]:
        """What fits into a prompt of any base: turns in alternation, the oldest left out first; of a question that is itself too long, the beginning."""
        turns: list[Turn] = []
        for turn in before:
            if turns and turns[-1].role == turn.role:
                turns[-1] = Turn(turn.role, f"{turns[-1].text}\n{turn.text}")
            else:
                turns.append(turn)
        if turns and turns[-1].role == "user":  # nobody answered: it belongs to the question, or to nothing
            turns.pop()
        while turns and len(self.speaker.prompt([*turns, Turn("user", question)])) > LONGEST_PROMPT:
            turns = turns[2:]
        while len(self.speaker.prompt([Turn("user", question)])) > LONGEST_PROMPT:
            question = question[: len(question) // 2]
        return question, turns

    def _best(self, question: str, knowledge: Knowledge, before: Sequence[Turn], sure_only: bool) -> "tuple[Answer | None, guard.Candidate | None]":
        """The lesson that answers most certainly, said by heart where the weights say it, else looked up; if it is certain enough. And that lesson anyway."""
        sure = knowledge.sure + (guard.VERY_SURE if sure_only else 0.0)
        ways = follow_ups.in_full(question, _exchanges(before), knowledge.lessons)
        spoken = {turn.text for turn in before} if follow_ups.leans(question) else set()
        earlier = next((turn.text for turn in reversed(before) if turn.role == "user"), "")
        more = [lesson for lesson in knowledge.lessons if lesson.text in spoken and follow_ups.tells_more(question, earlier, lesson)]
        asked_for = not sure_only or normalised(question) in {normalised(turn.text) for turn in before}  # what stands there is said again to who asks for it

        def weighed(way: follow_ups.Way, said: Sequence[Lesson] = ()) -> Iterator[guard.Candidate]:
            anew = asked_for and question.endswith(way.text)
            again = [*more, *(() if sure_only else said)]
            lessons = [lesson for lesson in knowledge.lessons if lesson.text not in spoken or anew or lesson in again]
            allowed = {*knowledge.recalled, *said}
            return (c for c in guard.weigh(way.text, lessons, knowledge.alike, said) if allowed.issuperset(c.hit.sources) and way.may_be(c.hit))

        way = max(ways, key=lambda way: next((c.certainty for c in weighed(way)), -math.inf)) if len(ways) > 1 else ways[0]
        learned = self.from_weights(question, knowledge, before, way.text)
        best = next(weighed(way, learned.sources if learned else ()), None)
        if best is None or best.certainty < sure:
            return None, best
        return (learned and _by_heart(learned, way.text, best.hit.sources, knowledge.reads)) or self._from_recall(way.text, best.hit, knowledge), best

    def from_weights(self, question: str, knowledge: Knowledge, before: Sequence[Turn], in_full: str) -> Answer | None:
        """Closed-book: nothing in the prompt but the question, `in_full` where it leans on the turns before it; else with these turns.

        None where no lesson supports what is said, or where the base says it just as well: then the adapter did not learn it.
        """
        if knowledge.adapter is None:
            return None
        longest = min(LONGEST, max((len(lesson.text.encode()) for lesson in knowledge.lessons), default=0) + 8)  # tokens: one lesson, or a few short ones
        in_thread = " ".join([*(turn.text for turn in before if turn.role == "user"), question])
        asking = [([Turn("user", in_full)], in_full), ([*before, Turn("user", question)], in_thread)]
        for turns, asked in asking if before else asking[:1]:
            prompt = self.speaker.prompt(turns)
            said = self._said_by_heart(prompt, asked, knowledge, longest)
            text = self.speaker.text(said.tokens)
            if len(said.tokens) == longest:  # cut off
                text = guard.whole_sentences(text)
            cited = guard.supporting(asked, text, knowledge.lessons) if text and text != ABSTENTION else ()
            if cited and self._learned(prompt, said):
                return _answer(question, text, "weights", said, cited)
        return None

    def _said_by_heart(self, prompt: Sequence[int], asked: str, knowledge: Knowledge, longest: int) -> Completion:
        """The likeliest of what the adapter may say."""
        allowed = repertoire(self.speaker, knowledge.learned, asked, knowledge.alike)
        return self.client.complete(prompt, knowledge.adapter, longest, drafts=allowed, opening=opening(knowledge.reads))

    def _learned(self, prompt: Sequence[int], said: Completion) -> bool:
        """Is it the adapter that makes the answer likely, and not the base? Each further token only makes it less likely to the base: a few mostly tell."""
        length, by_adapter = len(said.tokens), sum(said.logprobs[: len(said.tokens)])
        counts = sorted({min(LEARNED_IN, length), length})
        return any(by_adapter - sum(self.client.score(prompt, said.tokens[:count], None)) >= guard.LEARNED for count in counts)

    def _from_recall(self, question: str, hit: recall.Hit, knowledge: Knowledge) -> "Answer":
        """A lesson word for word; where the base can read, in its prompt. What it garbles speaks for itself; several always do."""
        lesson = hit.lesson
        prompt = self.speaker.prompt([Turn("user", question)], notes=[lesson.text]) if knowledge.reads and not hit.parts else []
        if not prompt or len(prompt) > LONGEST_PROMPT:
            return Answer(question, lesson.text, "recall", sources=hit.sources)
        said = self.client.complete(prompt, knowledge.reader, LONGEST)
        text = self.speaker.text(said.tokens)
        complete = guard.supporting(question, text, [lesson]) and guard.is_whole([lesson], question, text)
        return _answer(question, text if complete else lesson.text, "recall", said, [lesson])

    def _from_base(self, question: str, knowledge: Knowledge, say: Say) -> Answer | None:
        """General knowledge: only where the question asks for that, and for as long as the base is confident and goes in no circles."""
        if certainty_general(question, knowledge.lessons, knowledge.alike) < ASKS_FOR_GENERAL:
            return None
        judged = ""

        def goes_on(tokens: Sequence[int], logprobs: Sequence[float]) -> bool:
            nonlocal judged
            so_far = guard.whole_sentences(self.speaker.text(tokens), growing=True)
            if len(so_far) <= len(judged):
                return True
            if guard.rambles(so_far, logprobs):
                return False
            judged = so_far
            say(judged)
            return True

        said = self.client.complete(self.speaker.prompt([Turn("user", question)]), None, LONGEST, goes_on)
        whole = guard.whole_sentences(self.speaker.text(said.tokens))
        text = whole if whole and not guard.rambles(whole, said.logprobs) else judged
        return _answer(question, text, "general", said, []) if text else None

    def _plainly(self, question: str, knowledge: Knowledge, mode: Plain, before: Sequence[Turn]) -> Answer:
        """One source alone, unjudged: what each part can do by itself."""
        lessons = [hit.lesson for hit in recall.search(knowledge.lessons, question)]
        if mode == "search":
            return Answer(question, lessons[0].text if lessons else ABSTENTION, "search" if lessons else "abstained", sources=lessons[:1])
        prompt = self.speaker.prompt([*before, Turn("user", question)], [lesson.text for lesson in lessons] if mode == "prompt" else [])
        if mode == "weights" and knowledge.adapter:
            said = self._said_by_heart(prompt, question, knowledge, LONGEST)
        else:
            said = self.client.complete(prompt, knowledge.adapter if mode == "freely" else None, LONGEST)
        answer = _answer(question, self.speaker.text(said.tokens), mode, said, lessons if mode == "prompt" else [])
        if answer.answer == ABSTENTION:
            answer.how = "abstained"
        return answer


def _by_heart(learned: Answer, question: str, sources: Sequence[Lesson], reads: bool) -> Answer | None:
    """What the weights said of the lessons that answer: what they go on with is left out. A base that cannot read was taught to say lessons whole, and must."""
    text = guard.told_of(sources, question, learned.answer)
    if not {one.text for one in sources} <= {one.text for one in learned.sources} or not text or not (reads or guard.is_whole(sources, question, text)):
        return None
    return replace(learned, answer=text, sources=list(sources))


def _exchanges(turns: Sequence[Turn]) -> list[follow_ups.Exchange]:
    return [(one.text, other.text) for one, other in pairwise(turns) if one.role == "user"]


def _answer(question: str, text: str, how: How, said: Completion, sources: Sequence[Lesson]) -> Answer:
    return Answer(question, text, how, said.adapter, list(sources), said.prompt_tokens, len(said.tokens))
