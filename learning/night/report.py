"""What a night leaves in writing: the adapter's manifest, the answers of its exam, the verdict and its reason."""

import math
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from learning.memory.words import digest
from learning.model.base_model import BaseModel
from learning.model.rendering import SYSTEM
from learning.night.exam import ReportCard
from learning.night.lore import Statement
from learning.records import Adapter, ExamAnswer, Night

GAVE_AWAY = "it gave away what was forgotten"
CHANCE = 0.1  # a loss that chance explains more easily than this does not hold a candidate back


def manifest(base: BaseModel, statements: Sequence[Statement], studied: str) -> dict[str, Any]:
    """What an adapter says of itself. Nothing here differs between two histories that end in the same lessons."""
    return {
        "base": {"name": base.name, "hash": base.hash}, "system": digest(SYSTEM), "trained_on": platform.machine(),
        "lessons": sorted(statement.digest for statement in statements), "studied": studied,
    }  # fmt: skip


def why_hold(card: ReportCard, earlier: Mapping[str, bool], least: float, tolerance: float) -> str:
    """Why a candidate may not serve; empty when it may.

    `earlier` are the questions that the serving adapter's own exam asked about lessons that are still studied, and whether it was right.
    """
    recall = card.share("recall")
    if recall is None and least > 0:
        return "nothing of it can be examined"
    lost, gained, asked = _changed(card, earlier)
    if recall is not None and recall < least and 0.5**asked >= CHANCE:  # too few questions to compare it with one that serves, or none
        return f"it answered {recall:.0%} of the exam, less than the {least:.0%} it takes to serve"
    general = card.share("general")
    if general is not None and general < least:  # of what the base answers right
        return f"it answered {general:.0%} of the general questions, and may have lost what the base knew"
    if card.share("forgotten") not in (None, 1.0):
        return GAVE_AWAY
    if asked and lost - gained > tolerance * asked and _by_chance(gained, lost) < CHANCE:
        before = sum(right for question, right in earlier.items() if question in {m.asked.question for m in card.marked})
        return f"of what the serving adapter was asked it answers {(before + gained - lost) / asked:.0%}, where that had {before / asked:.0%}"
    return ""


def flips(card: ReportCard, earlier: Mapping[str, bool]) -> int:
    """Questions that the serving adapter answered right, and this one does not."""
    return _changed(card, earlier)[0]


def _changed(card: ReportCard, earlier: Mapping[str, bool]) -> tuple[int, int, int]:
    """Of the questions that both were asked: right before and wrong now, wrong before and right now, and all."""
    both = [(earlier[m.asked.question], m.right) for m in card.marked if m.asked.question in earlier]
    return sum(before and not now for before, now in both), sum(now and not before for before, now in both), len(both)


def _by_chance(gained: int, lost: int) -> float:
    """How likely so few gains among the changes are if gains and losses are equally likely (exact sign test, one-sided: McNemar, 1947)."""
    changed = gained + lost
    return float(sum(math.comb(changed, k) for k in range(gained + 1)) / 2**changed)


def earlier_marks(session: Session, serving: Adapter | None) -> dict[str, bool]:
    """The recall questions of the serving adapter's own exam, and whether it was right."""
    if serving is None:
        return {}
    asked = select(ExamAnswer).where(ExamAnswer.night_id == serving.night_id, ExamAnswer.kind == "recall")
    return {answer.question: answer.right for answer in session.scalars(asked)}


def keep_answers(session: Session, night: Night, card: ReportCard, lesson_ids: Mapping[str, int]) -> None:
    """Write the exam down, in place of an interrupted attempt's; but not what was asked of what is forgotten: its words are to go."""
    session.execute(delete(ExamAnswer).where(ExamAnswer.night_id == night.id))
    session.add_all(
        ExamAnswer(
            night_id=night.id, lesson_id=lesson_ids.get(m.asked.lesson or ""), kind=m.asked.kind, question=m.asked.question, answer=m.answer, right=m.right
        )
        for m in card.marked
        if m.asked.kind != "forgotten"
    )


def noticed_text(count: int) -> str:
    """What was noticed in messages, and how to see it."""
    things = "something" if count == 1 else f"{count} things"
    return f"I noticed {things} in this channel that may be worth learning. `/nightschool proposals` shows what, and admins can approve it."


NOTHING = ("failed", "skipped", "tainted")  # verdicts of nights in which nothing was studied


def as_text(name: str, verdict: str, card: Mapping[str, Any]) -> str:
    """The report card as a person reads it in the channel."""
    if verdict == "left":
        return f"The night was too short for me: {card['lessons']} lessons wait for the next one. I look them up until then."
    if verdict in NOTHING:
        return f"I did not study: {card['reason'].rstrip('.')}. I go on answering as before."
    learned = f"{card['proven']} of {card['lessons']} lessons are now in my weights"
    if verdict == "held":
        return f"I studied, but {name} stays in the classroom: {card['reason']}. I go on answering as before."
    hoped = f"; asked in your own words, expect about {card['expected']:.0%}" if "expected" in card else ""  # cards of before lack it
    exam = f"Exam: {card['recall']:.0%} recalled with the book closed{hoped}" if "recall" in card else "Nothing in it can be examined"
    return f"Good morning! I studied overnight as {name}: {learned}. {exam}."
