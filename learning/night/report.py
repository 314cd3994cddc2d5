"""What a night leaves in writing: the adapter's manifest, the answers of its exam, the verdict and its reason."""

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from learning.memory.words import digest
from learning.model.base_model import BaseModel
from learning.model.rendering import SYSTEM
from learning.night.exam import ReportCard
from learning.night.study import Statement
from learning.records import Adapter, ExamAnswer, Night


def manifest(base: BaseModel, statements: Sequence[Statement]) -> dict[str, Any]:
    """What an adapter says of itself. Nothing here differs between two histories that end in the same lessons."""
    return {
        "base": {"name": base.name, "hash": base.hash}, "system": digest(SYSTEM), "trained_on": platform.machine(),
        "lessons": sorted(statement.digest for statement in statements),
    }  # fmt: skip


def why_hold(card: ReportCard, earlier: Mapping[str, bool], least: float, tolerance: float) -> str:
    """Why a candidate may not serve; empty when it may.

    `earlier` are the questions that the serving adapter's own exam asked about lessons that are still studied, and whether it was right.
    """
    recall = card.share("recall") or 0.0
    if recall < least:
        return f"it answered {recall:.0%} of the exam, less than the {least:.0%} it takes to serve"
    now = {m.asked.question: m.right for m in card.marked if m.asked.question in earlier}
    if not now:
        return ""
    before, after = (sum(marks[question] for question in now) / len(now) for marks in (earlier, now))
    return f"of what the serving adapter was asked it answers {after:.0%}, where that had {before:.0%}" if after < before - tolerance else ""


def earlier_marks(session: Session, serving: Adapter | None) -> dict[str, bool]:
    """The recall questions of the serving adapter's own exam, and whether it was right."""
    if serving is None:
        return {}
    asked = select(ExamAnswer).where(ExamAnswer.night_id == serving.night_id, ExamAnswer.kind == "recall")
    return {answer.question: answer.right for answer in session.scalars(asked)}


def keep_answers(session: Session, night: Night, card: ReportCard, lesson_ids: Mapping[str, int]) -> None:
    """Write the exam down, in place of an interrupted attempt's."""
    session.execute(delete(ExamAnswer).where(ExamAnswer.night_id == night.id))
    session.add_all(
        ExamAnswer(
            night_id=night.id, lesson_id=lesson_ids.get(m.asked.lesson or ""), kind=m.asked.kind, question=m.asked.question, answer=m.answer, right=m.right
        )
        for m in card.marked
    )


def noticed_text(count: int) -> str:
    """What was noticed in messages, and how to see it."""
    things = "something" if count == 1 else f"{count} things"
    return f"I noticed {things} in this channel that may be worth learning. `/nightschool proposals` shows what, and admins can approve it."


def as_text(name: str, verdict: str, card: Mapping[str, Any]) -> str:
    """The report card as a person reads it in the channel."""
    if verdict == "left":
        return f"The night was too short for me: {card['lessons']} lessons wait for the next one. I look them up until then."
    learned = f"{card['proven']} of {card['lessons']} lessons are now in my weights"
    if verdict == "held":
        return f"I studied, but {name} stays in the classroom: {card['reason']}. I go on answering as before."
    return f"Good morning! I studied overnight as {name}: {learned}. Exam: {card['recall']:.0%} recalled with the book closed."
