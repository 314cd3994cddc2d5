"""The exam: what a candidate must answer closed-book, and the report card.

Its question forms are held back from study (`study.py` uses none of them), so that the exam measures knowledge, not memory of a form.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from learning.memory import words
from learning.memory.guard import ABSTENTION
from learning.memory.words import content_words, stems, values
from learning.night.study import SYNONYMS, Statement

Ask = Callable[[Sequence[str]], list[str]]

FORMS = (
    "Does anybody here remember {}?", "I'm looking for information on {}.", "A colleague wants to know about {}.", "Help me out: {}",
    "For the new hire: {}?", "Sorry to bother you, but {}?",
)  # fmt: skip
GENERAL = (
    ("What is the capital of France?", "paris"), ("What color is grass?", "green"), ("Hello, how are you?", ""),
    ("What is the capital of Germany?", "berlin"), ("Which animal barks?", "dog"), ("What is the opposite of up?", "down"),
)  # fmt: skip
UNKNOWN = (
    "Does anybody here remember the serial number of the projector?", "Help me out: who waters the ferns?",
    "A colleague wants to know about the sauna opening hours.", "Sorry to bother you, but when is the blood donation?",
)  # fmt: skip
LONGER = 1.5  # an answer may be at most this many times as long as its lesson


@dataclass(frozen=True)
class ExamQuestion:
    """`lesson` is the content id of what is asked for; None for general and unknown questions. `gold` is what must be in the answer."""

    kind: str
    question: str
    gold: tuple[str, ...]
    lesson: str | None = None


@dataclass(frozen=True)
class Marked:
    """A question, what the candidate said, and whether it was right."""

    asked: ExamQuestion
    answer: str
    right: bool


@dataclass(frozen=True)
class ReportCard:
    """What an exam found."""

    marked: Sequence[Marked]

    def share(self, kind: str) -> float | None:
        """Share of right answers of a kind, 0 to 1."""
        right = [m.right for m in self.marked if m.asked.kind == kind]
        return sum(right) / len(right) if right else None

    def proven(self) -> set[str]:
        """Content ids of the lessons of which every question was answered right."""
        asked = {m.asked.lesson for m in self.marked if m.asked.lesson}
        missed = {m.asked.lesson for m in self.marked if m.asked.lesson and not m.right}
        return asked - missed

    def summary(self) -> dict[str, Any]:
        """The figures for people and for the manifest."""
        kinds = ("recall", "general", "unknown")
        return {kind: round(share, 3) for kind in kinds if (share := self.share(kind)) is not None} | {"proven": len(self.proven())}


def questions(statements: Sequence[Statement], per_lesson: int = 2) -> list[ExamQuestion]:
    """The questions of an exam, the same for the same lessons."""
    asked = [question for statement in sorted(statements, key=lambda s: s.digest) for question in _about(statement, per_lesson)]
    general = [ExamQuestion("general", question, (gold,)) for question, gold in GENERAL]
    return asked + general + [ExamQuestion("unknown", question, ()) for question in UNKNOWN]


def examine(statements: Sequence[Statement], ask: Ask) -> ReportCard:
    """Put the questions to a candidate. `ask` answers closed-book, many at once."""
    asked = questions(statements)
    texts = {statement.digest: statement.text for statement in statements}
    answers = ask([question.question for question in asked])
    return ReportCard([Marked(q, a, _right(q, a, texts)) for q, a in zip(asked, answers, strict=True)])


def _about(statement: Statement, count: int) -> list[ExamQuestion]:
    rng = random.Random(f"exam {statement.digest}")
    wanted = tuple(values(statement.text)) or tuple(content_words(statement.text))
    content = list(dict.fromkeys(content_words(f"{statement.question or ''} {statement.text}")))
    asked = [word for word in content if word not in wanted] or content
    made = []
    for form in rng.sample(FORMS, count):
        chosen = sorted(rng.sample(asked, min(len(asked), rng.choice((2, 3)))), key=asked.index)
        spoken = [rng.choice(SYNONYMS[words.stem(w)]) if words.stem(w) in SYNONYMS and rng.random() < 0.3 else w.lower() for w in chosen]
        made.append(ExamQuestion("recall", form.format(" ".join(spoken)), wanted, statement.digest))
    return made


def _right(asked: ExamQuestion, answer: str, texts: dict[str, str]) -> bool:
    low = answer.casefold()
    if asked.kind == "general":
        return asked.gold[0] in low and answer != ABSTENTION and not any(text.casefold() in low for text in texts.values())
    if asked.kind == "unknown":
        return not any(text.casefold() in low for text in texts.values())
    own = texts[asked.lesson or ""]
    held = sum(gold.casefold() in low for gold in asked.gold) / len(asked.gold)
    others = {v.casefold() for digest, text in texts.items() if digest != asked.lesson for v in values(text)} - {v.casefold() for v in values(own)}
    said = {v.casefold() for v in values(answer)}
    return held >= (1.0 if values(own) else 0.8) and not said & others and len(stems(answer)) <= LONGER * max(4, len(stems(own)))
