"""Noticing with a capable base: it reads a thread and writes down what a newcomer should know; each line is checked against what was said.

The check decides, not the model: every name, number and code of a statement, and most of its words, must stand in the thread. What the rules
notice is kept; a written statement is added where it says something else, or replaces a quotation that it says better.
"""

import re
from collections.abc import Callable, Sequence

from learning.memory import noticing, signs, wording
from learning.memory.dates import absolute
from learning.memory.noticing import Notice, Remark, Setting, Thread
from learning.memory.words import STOPWORDS, stems, values, words

PROMPT = (
    "Below is a conversation from a team's chat. Write down each lasting fact in it that a new colleague should know, one a line, as a full sentence that "
    "can be understood without the conversation: names instead of 'I' and 'we', dates instead of 'tomorrow'. No opinions, no small talk, nothing that is "
    "uncertain or over by tomorrow. If there is no such fact, write: nothing."
)
HELD = 0.75  # share of a statement's words that the thread must hold
SAME = 0.7  # share of its words that make it the same as another statement
WORTH_READING = -1.0  # points of a thread's best message below which the model is not asked
MOST_CHARACTERS = 6_000  # of a transcript: what small contexts hold
MOST_LINES = 5
MOST_REMARKS = 40  # of a long thread, the last ones
MOMENTARY = frozenset(["i", "me", "my", "we", "us", "our", "today", "tomorrow", "yesterday", "tonight", "it", "this", "that", "he", "she", "they"])

Write = Callable[[str], str]


def by_writing(write: Write, fits: Callable[[str], bool] = lambda prompt: True) -> noticing.Rewrite:
    """Notice by rules and by the model; `write(prompt)` is the base without an adapter, and `fits` tells what its context holds: logs have many tokens."""

    def rewrite(thread: Thread, setting: Setting) -> list[Notice]:
        ruled = noticing.by_rules(thread, setting)
        said = noticing.readable(thread)[-MOST_REMARKS:]
        if not ruled and max((signs.points(remark.text) for remark in said), default=0.0) < WORTH_READING:
            return ruled
        told = transcript(said, setting)[-MOST_CHARACTERS:]
        while not fits(f"{PROMPT}\n\n{told}"):
            told = told[-len(told) // 2 :]
        written = list(statements(write(f"{PROMPT}\n\n{told}"), said, setting))
        kept = [notice for notice in ruled if not any(_same(notice.text, better.text) for better in written)]
        return [*kept, *written]

    return rewrite


def transcript(said: Sequence[Remark], setting: Setting) -> str:
    """A thread as lines of text, dates already absolute."""
    return "\n".join(f"{setting.names.get(r.author, r.author)}: {absolute(wording.plain(r.text, setting.names), setting.day(r)).text}" for r in said)


def statements(written: str, said: Sequence[Remark], setting: Setting) -> list[Notice]:
    """The lines that hold up: self-contained, and supported by a message that people did not doubt."""
    kept: list[Notice] = []
    for line in written.splitlines()[:MOST_LINES]:
        text = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s*", "", line).strip()
        low = {word.lower() for word in words(text)}
        if len(low - STOPWORDS) < 3 or low & MOMENTARY or len(text) > noticing.LONGEST or text.endswith("?"):
            continue
        source = supporting(text, said, setting)
        if source and not any(_same(text, notice.text) for notice in kept):
            kept.append(
                Notice(text, source[0].author, tuple(remark.ts for remark in source), "written", valid_until=absolute(text, setting.day(source[0])).until)
            )
    return kept


def supporting(text: str, said: Sequence[Remark], setting: Setting) -> list[Remark]:
    """The messages that a statement rests on, the one that says most of it first; empty when the thread does not support it."""
    shown = {remark.ts: transcript([remark], setting) for remark in said}
    whole = " ".join(shown.values())
    wanted = set(stems(text))
    if not all(value.casefold() in whole.casefold() for value in values(text)) or len(wanted & set(stems(whole))) < HELD * len(wanted):
        return []
    share = {remark.ts: len(wanted & set(stems(shown[remark.ts]))) for remark in said}
    best = max(said, key=lambda remark: share[remark.ts])
    if signs.doubtful(best.text) or signs.is_question(best.text):
        return []
    others = [remark for remark in said if remark.ts != best.ts and share[remark.ts]]  # each may have given a part
    return [best, *others]


def _same(one: str, other: str) -> bool:
    first, second = set(stems(one)), set(stems(other))
    return bool(first and second) and len(first & second) >= SAME * min(len(first), len(second))
