"""Study material that a capable base writes itself: questions about each lesson, answered with the lesson in sight, kept only where the way back works.

A question that a model makes of a text, and answers from the text, is better material than the text (SEAL: arXiv 2506.10943). What it answers with the lesson
in its prompt is what it should say without (context distillation: Snell et al., 2022). Small bases fail the test below: they study by rules alone.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from learning.memory.words import STOPWORDS, stems, values, words
from learning.night.lore import Statement
from learning.night.replay import once
from learning.night.study import StudyItem

READ_AT_LEAST = 0.9  # of the test's questions, with the right note in sight
MOST = 8  # questions of one lesson
TOKENS = 200  # of what is written about a lesson
LONGER = 1.5  # an answer may be at most this many times as long as its lesson
PROMPT = (
    "Write {count} different questions that colleagues might ask in a chat and that this note answers: some short, some chatty, some in other words than the "
    "note's. Ask for what the note tells; do not give the answer away. One question a line, nothing else.\n\nNote: {text}"
)
# The test: a note, a question in other words, and what a right answer holds.
READING = (
    ("The spare keys hang behind the door of room 214.", "where do we keep the second set of keys?", "214"),
    ("Ingrid signs all purchase orders above 500 euros.", "whose signature do I need to buy something expensive?", "Ingrid"),
    ("kestrel listens on port 7443.", "how do I reach the kestrel service?", "7443"),
    ("Backups of the customer database are kept for 45 days.", "how far back can I restore customers?", "45"),
    ("The night shift starts at 22:15 since May.", "when do people come in for nights?", "22:15"),
    ("Visitors park on level 3, never on level 1.", "where should my guest leave the car?", "3"),
    ("Dr. Okafor has taken over the sleep lab from Dr. Brandt.", "who runs the sleep lab now?", "Okafor"),
    ("The stage manager wants all props back by Thursday.", "until when may we keep the props?", "Thursday"),
    ("Orders from Halvorsen get 12 percent off.", "which discount do I give Halvorsen?", "12"),
    ("Alerts of the payment system go to #pay-alarm.", "in which channel would I see that payments fail?", "#pay-alarm"),
)  # fmt: skip

Ask = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[str]]  # questions, and the notes that each may read; the base's answers


@dataclass(frozen=True)
class Author:
    """A base that writes and reads. `write(prompts)` gives its texts, `ask(questions, notes)` what it answers with notes in sight."""

    write: Callable[[Sequence[str]], Sequence[str]]
    ask: Ask


def reads(ask: Ask, base_hash: str, cache: Path) -> bool:
    """Does a base understand what it reads? Asked once for each base model, then kept in the cache."""

    def test() -> dict[str, int]:
        said = ask([question for _, question, _ in READING], [[note] for note, _, _ in READING])
        return {"right": sum(gold.casefold() in text.casefold() for (_, _, gold), text in zip(READING, said, strict=True)), "asked": len(READING)}

    found = once(cache / f"reading-{base_hash[:16]}.json", test)
    return bool(found["right"] >= READ_AT_LEAST * found["asked"])


def self_study(statements: Sequence[Statement], author: Author) -> list[StudyItem]:
    """Questions that the base wrote and answered rightly with the lesson in sight; its own answers are what is studied. In the order of the content ids."""
    kept = sorted(statements, key=lambda s: s.digest)
    texts = author.write([PROMPT.format(count=MOST, text=statement.text) for statement in kept])
    asked = [(statement, question) for statement, text in zip(kept, texts, strict=True) for question in questions_in(text, statement)]
    answers = author.ask([question for _, question in asked], [[statement.text] for statement, _ in asked])
    return [
        StudyItem(question, answer, "written", (statement.digest,), notes=(statement.text,))
        for (statement, question), answer in zip(asked, answers, strict=True)
        if holds_up(answer, question, statement)
    ]


def questions_in(text: str, statement: Statement) -> list[str]:
    """The questions in what was written about a lesson; those that give its values away, or have no word to go by, left out."""
    secret = {value.casefold() for value in values(statement.text) if re.search(r"[\d#@]", value)}
    found: dict[str, None] = {}
    for line in text.splitlines():
        question = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s*", "", line).strip().strip('"')
        said = {word.casefold() for word in words(question)}
        if question.endswith("?") and said - STOPWORDS and not said & secret:
            found.setdefault(question)
    return list(found)[:MOST]


def holds_up(answer: str, question: str, statement: Statement) -> bool:
    """Did the way back work: does the answer hold a value or a word of the lesson that the question did not, no value beyond it, and is it short?"""
    new = set(stems(answer)) - set(stems(question))
    mine = {value.casefold() for value in values(statement.said)}
    beyond = {value.casefold() for value in values(answer.partition(" ")[2])} - mine - {word.casefold() for word in words(question)}
    return bool(new & set(stems(statement.said))) and not beyond and len(answer) <= LONGER * max(40, len(statement.text))
