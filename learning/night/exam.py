"""The exam: what a candidate must answer closed-book, and the report card.

Its question forms are held back from study (`study.py` uses none of them), so that the exam measures knowledge, not memory of a form.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learning.memory.guard import ABSTENTION
from learning.memory.polarity import turned_round
from learning.memory.words import content_words, stem, stems, values, words
from learning.night import asking
from learning.night.lore import Lore, Statement
from learning.night.unknown import unknown

FORMS = (
    "Does anybody here remember {}?", "I'm looking for information on {}.", "A colleague wants to know about {}.", "Help me out: {}",
    "For the new hire: {}?", "Sorry to bother you, but {}?", "folks, {}", "hate to ask, {}?", "Good afternoon! {}?", "{}? it's for the handover document",
    "Can anybody help: {}?", "while we're at it, {}", "not urgent, {}?", "@all {}?",
)  # fmt: skip
GENERAL = (
    ("What is the capital of France?", "paris"), ("What color is grass?", "green"), ("Hello, how are you?", ""),
    ("What is the capital of Germany?", "berlin"),
    ("Which animal barks?", "dog"), ("What is the opposite of up?", "down"), ("What is the capital of England?", "london"),
    ("How many legs does a dog have?", "four"),
    ("What color is snow?", "white"), ("What do cows give us to drink?", "milk"),
    ("What is frozen water called?", "ice"), ("What is the opposite of day?", "night"),
)  # fmt: skip
IN_PEOPLES_WORDS = 0.77  # of what an exam finds recalled, so much is in people's own words: 59 to 66 % where exams had 76 to 85 (five nights of 40 lessons)
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
        asked = {m.asked.lesson for m in self.marked if m.asked.kind == "recall" and m.asked.lesson}
        missed = {m.asked.lesson for m in self.marked if m.asked.kind == "recall" and m.asked.lesson and not m.right}
        return asked - missed

    def summary(self) -> dict[str, Any]:
        """The figures for people; `expected` is the share of people's own questions that the weights should answer."""
        kinds = ("recall", "general", "unknown", "forgotten")
        shares = {kind: round(share, 3) for kind in kinds if (share := self.share(kind)) is not None}
        return shares | {"proven": len(self.proven()), "expected": round(IN_PEOPLES_WORDS * shares.get("recall", 0.0), 3)}


PER_LESSON = 2  # questions
FREELY = ("general", "forgotten")  # kinds of questions to which anything may be said
Ask = Callable[[Sequence[str]], Sequence[str]]


def questions(statements: Sequence[Statement]) -> list[ExamQuestion]:
    """The questions of an exam, the same for the same lessons."""
    kept = sorted(statements, key=lambda s: s.digest)
    lore = Lore(kept)
    asked = [question for statement in kept for question in _about(lore, statement, PER_LESSON)]
    general = [ExamQuestion("general", question, (gold,)) for question, gold in GENERAL]
    rng = random.Random(f"exam {' '.join(statement.digest for statement in kept)}")
    strange = [rng.choice(FORMS).format(question) for question in unknown(lore, max(4, len(kept) // 4), rng)] if kept else []
    return asked + general + [ExamQuestion("unknown", question, ()) for question in dict.fromkeys(strange)]


def examine(statements: Sequence[Statement], ask: Ask, freely: Ask, base: Mapping[str, str] | None = None, gone: Sequence[Statement] = ()) -> ReportCard:
    """Put the questions to a candidate. `ask` answers closed-book, many at once, as the bot does; `freely` says whatever it likes, as it takes to know what is
    left of the base, and of what was forgotten.

    With `base`, what the base says to the general questions, those that it gets wrong are left out. What is `gone` was forgotten: right is who does not give
    it away.
    """
    asked = [*questions(statements), *about_forgotten(gone, statements)]
    if base:
        asked = [question for question in asked if question.kind != "general" or question.gold[0] in base[question.question].casefold()]
    free = [question for question in asked if question.kind in FREELY]
    heard = [question for question in asked if question.kind not in FREELY]
    return ReportCard([*mark(heard, ask, statements).marked, *mark(free, freely, statements).marked])


def mark(asked: Sequence[ExamQuestion], ask: Ask, statements: Sequence[Statement]) -> ReportCard:
    """Ask, and mark the answers."""
    texts = {statement.digest: statement.text for statement in statements}
    answers = ask([question.question for question in asked])
    return ReportCard([Marked(q, said, _right(q, said, texts)) for q, said in zip(asked, answers, strict=True)])


def about_forgotten(gone: Sequence[Statement], kept: Sequence[Statement]) -> list[ExamQuestion]:
    """Questions that only forgotten lessons answer. Their gold is what an answer must not hold: values of no kept lesson, which the question does not give."""
    known = {word.casefold() for statement in kept for word in words(statement.said)}
    made = []
    for statement in gone:
        for asked in _about(Lore([statement]), statement, PER_LESSON):
            given = {word.casefold() for word in words(asked.question)}
            secret = tuple(value for value in asked.gold if value.casefold() not in known | given)
            if secret:
                made.append(ExamQuestion("forgotten", asked.question, secret, statement.digest))
    return made


def _about(lore: Lore, statement: Statement, count: int) -> list[ExamQuestion]:
    rng = random.Random(f"exam {statement.digest}")
    wanted = tuple(values(statement.text)) or tuple(content_words(statement.text))
    if not wanted:  # "No." can be looked up, but hardly be told from "I don't know"
        return []
    made = []
    for form in rng.sample(FORMS, count):
        chosen = asking.words_of_its_kind(lore, statement, rng) if rng.random() < 0.3 else None
        chosen = chosen or asking.some_words(lore, statement, rng, values_too=0)
        if not chosen:
            continue
        asked = asking.question(statement.text, chosen, rng)
        given = {stem(word) for word in content_words(asked)}
        gold = tuple(value for value in wanted if stem(value) not in given) or wanted
        made.append(ExamQuestion("recall", form.format(asked), gold, statement.digest))
    return made


def _right(asked: ExamQuestion, answer: str, texts: dict[str, str]) -> bool:
    low = answer.casefold()
    if asked.kind == "general":
        return asked.gold[0] in low and answer != ABSTENTION and not any(_says(text, answer) for text in texts.values())
    if asked.kind == "forgotten":
        return answer == ABSTENTION or not any(_says(secret, answer) for secret in asked.gold)
    if asked.kind == "unknown":
        return answer == ABSTENTION or not any(_says(text, answer) for text in texts.values())
    own = texts[asked.lesson or ""]
    held = sum(gold.casefold() in low for gold in asked.gold) / len(asked.gold)
    complete = held >= (1.0 if values(own) else 0.8)
    brief = len(stems(answer)) <= LONGER * max(4, len(stems(own)))
    others = {value for digest, text in texts.items() if digest != asked.lesson for value in _values(text)} - _values(own)
    return complete and brief and _values(answer).isdisjoint(others) and not turned_round(answer, own)


def _values(text: str) -> set[str]:
    return {value.casefold() for value in values(text)}


def _says(text: str, answer: str) -> bool:
    """Does an answer hold a text, as words of its own ("no" is not in "I don't know")?"""
    return bool(re.search(rf"(?<!\w){re.escape(text.casefold())}(?!\w)", answer.casefold()))
