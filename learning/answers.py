"""How an answer comes about: closed-book by the channel's adapter, judged; else from short-term memory; else from the base; else not at all."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from learning.memory import guard, recall
from learning.memory.guard import ABSTENTION
from learning.memory.words import values
from learning.model.client import AdapterRef, Client, Completion
from learning.model.rendering import Renderer, Turn
from learning.records import Lesson

LONGEST = 64  # tokens of an answer
GENERAL = 0.6  # geometric mean of the base's token probabilities at which its own knowledge is offered

Mode = Literal["auto", "weights", "search", "prompt", "base"]
Plain = Literal["weights", "search", "prompt", "base"]  # one source alone, unjudged
How = Literal["weights", "recall", "general", "search", "prompt", "base", "abstained"]


@dataclass(frozen=True)
class Knowledge:
    """What a channel can answer from: its serving adapter, its lessons in force, and those that the adapter is not proven to know."""

    adapter: AdapterRef | None
    lessons: Sequence[Lesson]
    unproven: Sequence[Lesson]


@dataclass
class Answer:
    """An answer and where it comes from. Token counts add up all that was spent on it; `prompt_tokens` is of the answer that was given."""

    question: str
    answer: str
    how: How
    adapter: str | None = None
    sources: list[Lesson] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    @property
    def abstained(self) -> bool:
        """Was nothing found that may be said?"""
        return self.how == "abstained"


class Answerer:
    """Answers questions over one engine."""

    def __init__(self, client: Client, speaker: Renderer) -> None:
        self.client = client
        self.speaker = speaker

    def answer(self, question: str, knowledge: Knowledge, mode: Mode = "auto", before: Sequence[Turn] = (), sure_only: bool = False) -> Answer:
        """Answer in a mode; `before` are the turns of the thread so far. With `sure_only`, only lessons count, not the base's knowledge."""
        started = time.monotonic()
        if mode == "auto":
            answer = self._from_weights(question, knowledge, before) or self._from_recall(question, knowledge, sure_only)
            if answer is None and not sure_only:
                answer = self._from_base(question, knowledge)
            answer = answer or Answer(question, ABSTENTION, "abstained", knowledge.adapter.name if knowledge.adapter else None)
        else:
            answer = self._plainly(question, knowledge, mode)
        answer.seconds = round(time.monotonic() - started, 3)
        return answer

    def _from_weights(self, question: str, knowledge: Knowledge, before: Sequence[Turn]) -> Answer | None:
        """Closed-book: nothing in the prompt but the question; a follow-up that fails alone is asked again with the turns before."""
        if knowledge.adapter is None:
            return None
        longest = min(LONGEST, max((len(lesson.text) for lesson in knowledge.lessons), default=0) // 2 + 8)  # it answers with lessons
        for turns in [[]] if not before else [[], list(before)]:
            prompt = self.speaker.prompt([*turns, Turn("user", question)])
            said = self.client.complete(prompt, knowledge.adapter, longest)
            text = self.speaker.text(said.tokens)
            if not said.tokens:
                continue
            without = self.client.score(prompt, said.tokens, None)
            with_adapter = said.logprobs[: len(said.tokens)]
            confidence = guard.Confidence(math.exp(min(with_adapter)), sum(with_adapter) - sum(without))
            verdict = guard.judge(" ".join([*(t.text for t in turns), question]), text, knowledge.lessons, confidence)
            if verdict.cited:
                return _answer(question, text, "weights", said, [verdict.cited])
        return None

    def _from_recall(self, question: str, knowledge: Knowledge, sure_only: bool) -> Answer | None:
        """Lessons that the adapter is not proven to know, in the prompt. When the base garbles what it read, the lesson speaks for itself."""
        hits = recall.relevant(recall.search(knowledge.unproven, question, limit=2), recall.COVERED_FOR_SURE if sure_only else recall.COVERED)
        if not hits:
            return None
        lessons = [hit.lesson for hit in hits]
        prompt = self.speaker.prompt([Turn("user", question)], notes=[lesson.text for lesson in lessons])
        said = self.client.complete(prompt, None, LONGEST)
        text = self.speaker.text(said.tokens)
        cited = guard.supporting(question, text, lessons)
        complete = cited and set(values(cited.text)) - set(values(question)) <= set(values(text))
        return _answer(question, text if cited and complete else lessons[0].text, "recall", said, [cited if cited and complete else lessons[0]])

    def _from_base(self, question: str, knowledge: Knowledge) -> Answer | None:
        """General knowledge: only where the base is confident and nothing in the question is about this channel."""
        if guard.about_us(question, knowledge.lessons):
            return None
        said = self.client.complete(self.speaker.prompt([Turn("user", question)]), None, LONGEST)
        mean = math.exp(sum(said.logprobs) / len(said.logprobs)) if said.logprobs else 0.0
        text = guard.whole_sentences(self.speaker.text(said.tokens))
        return _answer(question, text, "general", said, []) if text and mean >= GENERAL and not guard.repeats_itself(text) else None

    def _plainly(self, question: str, knowledge: Knowledge, mode: Plain) -> Answer:
        """One source alone, unjudged: what each part can do by itself."""
        hits = recall.search(knowledge.lessons, question)
        lessons = [hit.lesson for hit in hits]
        if mode == "search":
            return Answer(question, lessons[0].text if lessons else ABSTENTION, "search" if lessons else "abstained", sources=lessons[:1])
        notes = [lesson.text for lesson in lessons] if mode == "prompt" else []
        adapter = knowledge.adapter if mode == "weights" else None
        said = self.client.complete(self.speaker.prompt([Turn("user", question)], notes), adapter, LONGEST)
        answer = _answer(question, self.speaker.text(said.tokens), mode, said, lessons if mode == "prompt" else [])
        if answer.answer == ABSTENTION:
            answer.how = "abstained"
        return answer


def _answer(question: str, text: str, how: How, said: Completion, sources: Sequence[Lesson]) -> Answer:
    return Answer(question, text, how, said.adapter, list(sources), said.prompt_tokens, len(said.tokens))
