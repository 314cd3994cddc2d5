"""Lessons to study items. A strategy is a plain function in one list; each draws its variants from a seeded generator."""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from learning.memory import words
from learning.memory.guard import ABSTENTION
from learning.night import asking
from learning.night.asking import in_chat, some_words
from learning.night.combining import combined
from learning.night.lore import Lore, Statement
from learning.night.unknown import unknown


@dataclass(frozen=True)
class StudyItem:
    """One training example, with the content ids of all lessons it came from (none for replay and for what is not known).

    `before` are the turns of the thread before the question, the asker's first. `notes` are in sight of the one who learns (`open_book`), or of the base whose
    answer is to be learned (`written`).
    """

    question: str
    answer: str
    strategy: str
    lessons: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Strategy = Callable[[Lore, Statement, random.Random], str | None]
UNKNOWN = 0.12  # of the items about lessons


def cue(lore: Lore, statement: Statement, rng: random.Random) -> str | None:
    """Some of its words, or others in their place, with a question word that fits and small talk around."""
    chosen = some_words(lore, statement, rng)
    return in_chat(asking.question(statement.text, chosen, rng), rng) if chosen else None


def of_its_kind(lore: Lore, statement: Statement, rng: random.Random) -> str | None:
    """What it is about, in words that a statement of the same kind uses: a contrast to its siblings and its sisters alike."""
    chosen = asking.words_of_its_kind(lore, statement, rng)
    return in_chat(asking.question(statement.text, chosen, rng, swapped=0.45), rng) if chosen else None


def kind_alone(lore: Lore, statement: Statement, rng: random.Random) -> str | None:
    """What it is about, and a question word that fits it alone."""
    asked = asking.its_kind_alone(lore, statement, rng)
    return in_chat(asked, rng) if asked else None


def stretch(lore: Lore, statement: Statement, rng: random.Random) -> str | None:
    """A stretch of the lesson as it stands, asked back, where it is in no other."""
    tokens = words.words(statement.text)
    if len(tokens) < 4:
        return None
    length = rng.randint(2, max(2, len(tokens) // 2))
    start = rng.randrange(len(tokens) - length + 1)
    said = tokens[start : start + length]
    meaning = [word for word in said if word.lower() not in words.STOPWORDS]
    return " ".join(said) + rng.choice(("?", " ...", "")) if meaning and lore.points_at_one(meaning) else None


def cloze(lore: Lore, statement: Statement, rng: random.Random) -> str | None:
    """The lesson with one word left out."""
    return statement.text.replace(rng.choice(statement.content), "...", 1) if statement.content else None


def own_question(lore: Lore, statement: Statement, rng: random.Random) -> str | None:
    """The question that a person gave with the lesson (`Q: … A: …`), typed as people do."""
    return in_chat(statement.question.rstrip("?"), rng) if statement.question else None


# (strategy, how often it is drawn)
STRATEGIES: tuple[tuple[Strategy, int], ...] = ((cue, 60), (of_its_kind, 40), (kind_alone, 8), (stretch, 7), (cloze, 4), (own_question, 15))


def study(statements: Iterable[Statement], per_lesson: int, seed: str) -> list[StudyItem]:
    """All study items of a night: `per_lesson` for each lesson, and questions about what nobody taught, answered by not knowing.

    Deterministic in the set of statements: order of teaching, ids and dates do not enter.
    """
    kept = sorted(statements, key=lambda s: s.digest)
    lore = Lore(kept)
    items = [item for statement in kept for item in _items_of(lore, statement, per_lesson, random.Random(f"{seed} {statement.digest}"))]
    if not kept:
        return []
    items += [StudyItem(c.question, c.answer, c.strategy, tuple(s.digest for s in c.lessons), c.before) for c in combined(lore, seed)]
    asked = unknown(lore, max(6, int(UNKNOWN * len(items))), random.Random(f"{seed} unknown"))
    return items + [StudyItem(question, ABSTENTION, "unknown") for question in asked]


def open_book(statements: Sequence[Statement], seed: str) -> list[StudyItem]:
    """For bases that can read: answers from a note in the prompt, every other time from one that contradicts the lesson. What is in sight must win.

    Lookups come with a note where a lesson changed today; the weights still say what held yesterday.
    """
    lore, items = Lore(sorted(statements, key=lambda s: s.digest)), []
    for statement in lore.statements:
        rng = random.Random(f"{seed} open book {statement.digest}")
        question = cue(lore, statement, rng)
        note = contradicting(statement, rng) if rng.random() < 0.5 else statement.text
        if question and note:
            items.append(StudyItem(question, note, "open_book", (statement.digest,), notes=(note,)))
    return items


def contradicting(statement: Statement, rng: random.Random) -> str | None:
    """The lesson with another number in place of its own; nothing where it has none."""
    digits = list(re.finditer(r"\d+", statement.text))
    if not digits:
        return None
    at = rng.choice(digits)
    other = "".join(str(rng.randint(1, 9)) for _ in at.group())
    return f"{statement.text[: at.start()]}{other}{statement.text[at.end() :]}" if other != at.group() else None


def _items_of(lore: Lore, statement: Statement, count: int, rng: random.Random) -> list[StudyItem]:
    strategies, weights = zip(*STRATEGIES, strict=True)
    asked: dict[str, str] = {statement.question: "own_question"} if statement.question else {}
    asked |= {spoken: "asked_by_people" for said in statement.asked for spoken in (said, words.as_typed(said))}
    for _ in range(count * 8):  # a short lesson has few variants: stop drawing rather than repeat for ever
        if len(asked) >= count:
            break
        strategy = rng.choices(strategies, weights)[0]
        question = strategy(lore, statement, rng)
        if question:
            asked.setdefault(question, strategy.__name__)
    return [StudyItem(question, statement.text, name, (statement.digest,)) for question, name in asked.items()]
