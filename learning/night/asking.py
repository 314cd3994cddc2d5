"""How a colleague would ask for a lesson: some of its words, others in their place, a question word that fits, small talk around.

A base this small cannot write questions itself, so these are rules. Two things matter: a question word is used only where the lesson holds that
kind of answer, since one that does not fit teaches the model to ignore the question; and the words that are asked with point at one lesson only,
since words that fit two teach it to guess.
"""

import random
import re
from collections.abc import Sequence

from learning.memory.kinds import kinds
from learning.memory.names import written_as_names
from learning.memory.vocabulary import AFTER, ASIDES, ASKING, BEFORE, PLAIN, SYNONYMS
from learning.memory.words import stem, values
from learning.night.lore import Lore, Statement

_GLUE = ("the ", "the ", "our ", "for ", "of ", "a ", "in ", "to ", "for the ", "is ", "do ", "with ")


def words_of_its_kind(lore: Lore, statement: Statement, rng: random.Random) -> list[str] | None:
    """What the statement is about, with the words in which another statement tells the same of something else.

    "The runbook of atlas is OPS-214" and "For heron incidents open KB-88": hence "heron runbook".
    """
    siblings, subject = lore.siblings(statement), lore.subject(statement)
    if not siblings or not subject:
        return None
    (other,) = rng.choices([sibling for sibling, _ in siblings], [akin for _, akin in siblings])
    theirs = {stem(word) for word in lore.entities(other)}
    told = [word for word in other.content if stem(word) not in theirs and word not in values(other.text)]
    if not told:
        return None
    picked = rng.sample(told, min(len(told), rng.choice((1, 1, 2, 2, 3))))
    return [*picked, subject] if rng.random() < 0.6 else [subject, *picked]


def its_kind_alone(lore: Lore, statement: Statement, rng: random.Random) -> str | None:
    """What the statement is about with a question word that fits it, and no other statement about that."""
    own = lore.entities(statement)
    if not own:
        return None
    entity = rng.choice(own)
    sisters = [other for other in lore.naming(stem(entity)) if other is not statement]
    only = [
        kind for kind in kinds(statement.text) if kind not in ("place", "count", "code", "reason") and not any(kind in kinds(other.text) for other in sisters)
    ]
    return f"{rng.choice(ASKING[rng.choice(only)])} {rng.choice(('', '', 'the ', 'for '))}{entity}" if only else None


def some_words(lore: Lore, statement: Statement, rng: random.Random, values_too: float = 0.15) -> list[str]:
    """One to five words of a statement that point at it alone, rare ones more often. Mostly not its values: people ask for a value, they seldom name it."""
    answers = {word for word in values(statement.text) if re.search(r"[\d#@]", word)}
    pool = [word for word in statement.content if word not in answers]
    if len(pool) < 2 or rng.random() < values_too:
        pool = list(statement.content)
    wanted = min(len(pool), rng.choice((1, 2, 2, 2, 3, 3, 3, 4, 5)))
    chosen: list[str] = []
    while pool and (len(chosen) < wanted or not lore.points_at_one(chosen)):
        word = rng.choices(pool, [lore.rarity(word) + 0.3 for word in pool])[0]
        pool.remove(word)
        chosen.append(word)
    if not lore.points_at_one(chosen):  # room 203 among its like: what tells it apart is a value
        chosen = _told_apart(lore, statement, chosen)
    if rng.random() < 0.7:
        chosen.sort(key=statement.content.index)
    return chosen


def _told_apart(lore: Lore, statement: Statement, chosen: list[str]) -> list[str]:
    """With the first of its values that do; as it was, where nothing does."""
    wider = list(chosen)
    for word in statement.content:
        if word not in wider:
            wider.append(word)
            if lore.points_at_one(wider):
                return wider
    return chosen


def in_other_words(word: str, rng: random.Random, chance: float) -> str:
    """The word, or one that a colleague would use instead."""
    others = SYNONYMS.get(stem(word))
    return rng.choice(others) if others and rng.random() < chance else word


def question(text: str, chosen: Sequence[str], rng: random.Random, swapped: float = 0.35) -> str:
    """A question with some words, for a kind of value that the text holds."""
    named = written_as_names(text)
    spoken = [in_other_words(word, rng, 0.0 if stem(word) in named else swapped) for word in chosen]
    cue = " ".join((rng.choice(_GLUE) if rng.random() < 0.3 else "") + word for word in spoken)
    fitting, draw = kinds(text), rng.random()
    asking = rng.choice(ASKING[rng.choice(fitting)]) if fitting and draw < 0.68 else rng.choice(PLAIN) if draw < 0.85 else ""
    return f"{cue}, {asking}" if asking and rng.random() < 0.2 else f"{asking} {cue}".strip()


def in_chat(asked: str, rng: random.Random, chatty: float = 0.5) -> str:
    """A question as it is typed: with small talk around it, in any case, with or without its question mark."""
    if rng.random() < chatty:
        if rng.random() < 0.75:
            asked = f"{rng.choice(BEFORE)} {asked}"
        if rng.random() < 0.35:
            asked = f"{asked} {rng.choice(AFTER)}"
        if rng.random() < 0.45:
            aside = rng.choice(ASIDES)
            asked = f"{aside}, {asked}" if rng.random() < 0.7 else f"{asked}, {aside}"
    asked += rng.choice(("?", "?", ""))
    draw = rng.random()
    return asked[:1].upper() + asked[1:] if draw < 0.25 else asked.lower() if draw < 0.6 else asked
