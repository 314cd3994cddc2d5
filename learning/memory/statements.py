"""What is taught, as it was typed: a question where there is one, and a statement that will read the same next month."""

import re
from datetime import date

from learning.errors import NightschoolError
from learning.memory.dates import Dated, settled

LONGEST = 1_000  # characters; a lesson is one statement
_PAIR = re.compile(r"^\s*Q:\s*(?P<question>.+?)\s+A:\s*(?P<answer>.+)$", re.IGNORECASE | re.DOTALL)

_LIST = re.compile(r"^(?P<lead>(?![ \t]*#)(?=[^\n]*(?:\bA:|:[ \t]*$))[^\n]*)\n(?P<items>(?:[ \t]*(?:[-*•]|\d+[.)])[ \t]+[^\n]+(?:\n|$))+)", re.MULTILINE)
_ITEM = re.compile(r"[ \t]*(?:[-*•]|\d+[.)])[ \t]+")
_BLOCK = re.compile(  # code, or a table, with the line above it
    r"(?:^(?=[^\n]*\w)[^\n|`]++\n)?(?:^[ \t]*```[^`]*```[ \t]*$|(?:^[ \t]*\|[^\n]*(?:\n|$)){2,})", re.MULTILINE
)
_BREAK = re.compile(r"(?<!\s)\s+(?=A:)")  # begun where blanks begin, else a page of empty lines takes minutes
BRIEF = 8  # words of a list's items that belong to what leads them; longer ones are statements by themselves


class LessonError(NightschoolError):
    """A lesson cannot be taken, or not be found."""


def lines(text: str) -> list[str]:
    """What many lines teach, a lesson each: an answer (`A: …`) belongs to the question above it; bullets, headings and empty lines say nothing.
    A single line is what it is ("# of seats: 40")."""
    text = _BLOCK.sub(lambda match: " ".join(match.group().split()) + "\n", text)
    joined = _LIST.sub(_in_one, _BREAK.sub(lambda match: " " if "\n" in match.group() else match.group(), text.strip()))
    if "\n" not in joined:
        joined = re.sub(r"^#{1,6}\s+", "", joined)
    return [said for line in joined.splitlines() if (said := re.sub(r"^\s*(?:[-*•](?:\s+|$)|#{1,6}\s.*)", "", line).strip())]


def _in_one(match: re.Match[str]) -> str:
    """What leads a list, with its items: "Opening hours:" and two bullets are one lesson."""
    items = [_ITEM.sub("", line).strip() for line in match["items"].splitlines()]
    if any(len(item.split()) > BRIEF for item in items):  # of "Notes:" nothing is left then
        return match["items"] if len(match["lead"].split()) <= 3 else match.group()
    return f"{match['lead'].strip()} {'; '.join(items)}\n"


def told(text: str, said_on: date) -> tuple[str | None, Dated]:
    """The question of `Q: … A: …`, and what is stated, with the last day on which it holds. Raises LessonError."""
    question, statement = _parsed(text)
    return question, settled(statement, said_on)


def _parsed(text: str) -> tuple[str | None, str]:
    statement = " ".join(text.split())
    if not statement:
        raise LessonError("there is nothing to learn: write what the channel should know.")
    if len(statement) > LONGEST:
        raise LessonError(f"that is {len(statement):,} characters; a lesson is one statement of at most {LONGEST:,}. Teach it in parts.")
    pair = _PAIR.match(statement)
    if pair and re.search(r"\w", pair["answer"]):
        return pair["question"], pair["answer"]
    if re.match(r"[QA]:", statement, re.IGNORECASE):
        raise LessonError("a question and its answer belong together: 'Q: … A: …'.")
    if not re.search(r"\w", statement):
        raise LessonError("there is nothing to learn: write what the channel should know.")
    if statement.endswith("?") and not re.search(r"[.!;:]\s", statement):
        raise LessonError("that is a question: teach me its answer along with it, as 'Q: … A: …'.")
    if " " not in statement and statement.isascii():
        raise LessonError("one word says too little: write a sentence that stands by itself, such as 'The wiki moved to the folder Larkspur.'")
    return None, statement
