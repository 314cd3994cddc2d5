"""Questions that people really asked: the best material to study. Only where somebody agreed with the answer, and nobody disagreed."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.memory.salience import AGREES, DISAGREES
from learning.records import Channel, Question, Reaction, Work

MOST = 6  # of one lesson, the latest


def confirmed_questions(session: Session, channel: Channel, lesson_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """By lesson: the questions that were answered with that lesson alone, to somebody's liking. Read live, so a reaction that is taken back takes them back."""
    rows = select(Question).where(Question.channel_id == channel.id, Question.state == Work.DONE, Question.reply_ts.is_not(None), Question.text != "")
    rested = {question.reply_ts: question for question in session.scalars(rows.order_by(Question.id.desc())) if len(_lessons(question)) == 1}
    cast: dict[str, set[bool]] = {}
    for reaction in session.scalars(select(Reaction).where(Reaction.channel_id == channel.id, Reaction.ts.in_(rested))) if rested else ():
        name = reaction.emoji.split("::")[0]
        if name in AGREES | DISAGREES:
            cast.setdefault(reaction.ts, set()).add(name in AGREES)
    found: dict[int, list[str]] = {}
    for ts, question in rested.items():
        (lesson_id,) = _lessons(question)
        mine = found.setdefault(lesson_id, [])
        if cast.get(ts or "") == {True} and lesson_id in lesson_ids and question.text not in mine and len(mine) < MOST:
            mine.append(question.text)
    return {lesson_id: tuple(sorted(texts)) for lesson_id, texts in found.items() if texts}


def _lessons(question: Question) -> list[int]:
    return list((question.answer or {}).get("lessons", ()))
