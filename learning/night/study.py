"""Lessons to study items. A strategy is a plain function in one list; each draws its variants from a seeded generator.

A base this small cannot write its own questions, so the strategies are rules: many ways of pointing at a lesson by some of
its words, all answered by the whole lesson. A question word is used only where the lesson holds that kind of answer, since
one that does not fit teaches the model to ignore the question.
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from learning.memory import words
from learning.memory.guard import ABSTENTION


@dataclass(frozen=True)
class Statement:
    """A lesson as study sees it: its content id and its text. Nothing that differs between two histories."""

    digest: str
    text: str
    question: str | None = None


@dataclass(frozen=True)
class StudyItem:
    """One training example, with the content ids of all lessons it came from (none for replay and for unknown topics)."""

    question: str
    answer: str
    strategy: str
    lessons: tuple[str, ...] = ()


Strategy = Callable[[Statement, random.Random], str | None]

WRAPPINGS = (
    "{}?", "{}", "{}?", "what about {}?", "tell me about {}", "do you know {}?", "quick question: {}?", "remind me, {}?",
    "any idea {}?", "hey, {}?", "{} please", "can you tell me {}?",
)  # fmt: skip

# A word a colleague may use instead, by stem. Small on purpose: it covers how people at work ask, not the language.
SYNONYMS: dict[str, tuple[str, ...]] = {
    words.stem(word): tuple(others.split(","))
    for word, others in {
        "owns": "is responsible for,looks after,maintains,takes care of", "owner": "responsible,in charge", "moved": "is now,went,relocated,lives",
        "host": "machine,server,box", "database": "db", "approves": "signs off,okays,decides on", "signs": "approves,okays",
        "expense": "cost,spending,purchase", "release": "deploy,ship,rollout", "deploys": "releases,ships", "leaves": "goes out,departs,happens",
        "code": "pin,combination", "invoice": "bill", "invoices": "bills", "alerts": "pages,alarms,notifications", "retention": "how long we keep",
        "kept": "stored,retained", "meeting": "call,sync", "documentation": "docs", "repository": "repo", "demo": "presentation",
        "tenant": "account,environment", "budget": "money", "deadline": "due date", "runs": "is hosted,lives", "wiki": "docs",
        "password": "credentials", "vendor": "supplier", "holiday": "day off,vacation", "customer": "client", "engineer": "developer",
        "starts": "begins", "ends": "finishes,is over", "located": "found", "called": "named", "standup": "daily",
        "contact": "reach,write to", "rotates": "changes", "backup": "copy", "office": "building",
    }.items()
}  # fmt: skip


def cue(statement: Statement, rng: random.Random) -> str | None:
    """One to four of the lesson's own words, in any order and case, with a question word that fits now and then."""
    chosen = _some_words(statement, rng)
    if not chosen:
        return None
    return _wrapped(" ".join(chosen), statement, rng)


def synonym_cue(statement: Statement, rng: random.Random) -> str | None:
    """A cue in which a word gives way to one that a colleague would use instead."""
    chosen = _some_words(statement, rng)
    swapped = [rng.choice(SYNONYMS[words.stem(w)]) if words.stem(w) in SYNONYMS else w for w in chosen]
    return _wrapped(" ".join(swapped), statement, rng) if swapped != chosen else None


def phrase(statement: Statement, rng: random.Random) -> str | None:
    """A stretch of the lesson as it stands, asked back."""
    tokens = words.words(statement.text)
    if len(tokens) < 4:
        return None
    length = rng.randint(2, max(2, len(tokens) // 2))
    start = rng.randrange(len(tokens) - length)
    return _wrapped(" ".join(tokens[start : start + length]), statement, rng)


def cloze(statement: Statement, rng: random.Random) -> str | None:
    """The lesson with one word left out."""
    content = words.content_words(statement.text)
    if not content:
        return None
    return rng.choice(("Complete: {}", "{}")).format(statement.text.replace(rng.choice(content), "...", 1))


def beginning(statement: Statement, rng: random.Random) -> str | None:
    """The first half of the lesson."""
    tokens = statement.text.split()
    return " ".join(tokens[: rng.randint(2, max(2, len(tokens) // 2))]) + " ..." if len(tokens) > 3 else None


def own_question(statement: Statement, rng: random.Random) -> str | None:
    """The question a person gave with the lesson (`Q: … A: …`)."""
    return statement.question


# (strategy, how often it is drawn)
STRATEGIES: tuple[tuple[Strategy, int], ...] = (
    (cue, 50), (synonym_cue, 20), (phrase, 10), (cloze, 10), (beginning, 5), (own_question, 15),
)  # fmt: skip

UNKNOWN_TOPICS = (
    "parking permit", "coffee machine", "wifi guest password", "holiday party", "gym discount", "printer toner", "fire drill", "lunch menu",
    "bike rack", "visa sponsor", "phone plan", "birthday cake", "dress code", "elevator repair", "travel insurance", "shuttle bus", "dental plan",
    "recycling bins", "office plants", "chess club", "water cooler", "parental leave", "badge photo", "standing desk", "headset model",
    "newsletter editor", "intern mentor", "summer picnic", "keyboard layout", "car lease", "meeting room chairs", "window cleaning",
)  # fmt: skip


def study(statements: Iterable[Statement], per_lesson: int, seed: str) -> list[StudyItem]:
    """All study items of a night: `per_lesson` for each lesson, and topics nobody taught, answered by not knowing.

    Deterministic in the set of statements: order of teaching, ids and dates do not enter.
    """
    kept = sorted(statements, key=lambda s: s.digest)
    items = [item for statement in kept for item in _items_of(statement, per_lesson, random.Random(f"{seed} {statement.digest}"))]
    return items + unknown_items(kept, max(6, len(items) // 12), random.Random(f"{seed} unknown"))


def _items_of(statement: Statement, count: int, rng: random.Random) -> list[StudyItem]:
    strategies, weights = zip(*STRATEGIES, strict=True)
    asked: dict[str, str] = {statement.question: "own_question"} if statement.question else {}
    for _ in range(count * 8):  # a short lesson has few variants: stop drawing rather than repeat for ever
        if len(asked) >= count:
            break
        strategy = rng.choices(strategies, weights)[0]
        question = strategy(statement, rng)
        if question:
            asked.setdefault(question, strategy.__name__)
    return [StudyItem(question, statement.text, name, (statement.digest,)) for question, name in asked.items()]


def unknown_items(statements: Sequence[Statement], count: int, rng: random.Random) -> list[StudyItem]:
    """Questions about topics that share no word with any lesson."""
    known = {s for statement in statements for s in words.stems(statement.text)}
    topics = [topic for topic in UNKNOWN_TOPICS if not known & set(words.stems(topic))]
    items = []
    for _ in range(count if topics else 0):
        lead = rng.choice(("", "", "where is the ", "who handles the ", "when is the ", "what is the ", "how many ", "our "))
        asked = rng.choice(WRAPPINGS).format(lead + rng.choice(topics))
        items.append(StudyItem(asked, ABSTENTION, "unknown"))
    return items


def _some_words(statement: Statement, rng: random.Random) -> list[str]:
    """Two to four content words. Mostly those that are not the answer: people ask for a value, they seldom name it."""
    content = words.content_words(f"{statement.question or ''} {statement.text}")
    asked = [word for word in content if word not in words.values(statement.text)]
    pool = asked if len(asked) > 1 and rng.random() < 0.65 else content
    chosen = rng.sample(pool, min(len(pool), rng.choice((1, 2, 2, 2, 3, 3, 4))))
    if rng.random() < 0.6:
        chosen.sort(key=content.index)
    return [word.lower() for word in chosen] if rng.random() < 0.5 else chosen


def _wrapped(asked: str, statement: Statement, rng: random.Random) -> str:
    if rng.random() < 0.5:
        asked = f"{rng.choice(question_words(statement.text))} {asked}"
    question = rng.choice(WRAPPINGS).format(asked)
    return question[0].upper() + question[1:] if rng.random() < 0.5 else question


def question_words(text: str) -> list[str]:
    """Question words that the statement can answer, by the kinds of value in it."""
    low = text.lower()
    kinds: list[str] = []
    if re.search(r"\d:\d\d|\bnoon\b|\bmidnight\b|\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b|\bdaily\b|\bweekly\b", low) or words.MONTHS & set(low.split()):
        kinds += ["when", "what time", "at what time", "when is", "when does"]
    if re.search(r"\b\d+ (minutes?|hours?|days?|weeks?|months?|years?)\b", low):
        kinds += ["how long", "for how long", "how many"]
    elif re.search(r"\b\d+\b", low):
        kinds += ["what number", "how many", "how much"]
    if re.search(r"\b(in|at|to|on|under|behind|from) (the )?\w+", low):
        kinds += ["where", "where is", "where do"]
    if re.search(r"\b(owns?|owner|approves?|signs?|leads?|runs?|manages?|maintains?|responsible|asks?|contact|handles?|decides?)\b", low):
        kinds += ["who", "who", "who do I ask about", "who has to"]
    return ["what", "which", "what is", "what's the", "how do I", *kinds, *kinds]
