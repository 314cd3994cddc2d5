"""What a channel reads in the morning: how the night went, what was taught and forgotten since the one before, how exams went, and what nobody could answer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from learning.memory import lessons
from learning.memory.words import normalised
from learning.night import report
from learning.records import EXAMINED, Channel, Forgetting, Lesson, LessonStatus, Night, Question, Work

NIGHTS = 14  # of the curve
EVER = datetime.min.replace(tzinfo=UTC)
_BARS = "▁▂▃▄▅▆▇█"


def text(session: Session, night: Night, adapter: str, verdict: str, card: Mapping[str, Any]) -> str:
    """The whole of it; of a night in which nothing was studied, why."""
    if verdict == "failed" and night.kind == "forget":
        return f"I could not study without what was forgotten yet: {card['reason']}. No adapter that had learned it answers any more, and I try again."
    if verdict in report.NOTHING:
        return report.as_text(adapter, verdict, card)
    before, since = _before(session, night), last_ended(session, night)
    lines = [report.as_text(adapter, verdict, card)]
    recalled = [float(told["recall"]) for told in (*(one.report_card or {} for one in before), card) if "recall" in told]
    if len(recalled) > 1:
        lines.append(f"Exams so far: {curve(recalled)}")
    taught, forgotten = (_count(session, night, since, forgotten) for forgotten in (False, True))
    news = [f"{count} {what}" for count, what in ((taught, "taught"), (forgotten, "forgotten")) if count]
    if news:
        lines.append(f"{'Since the last night' if before else 'So far'}: {', '.join(news)}.")
    gaps = len(unanswered(session, night.channel_id, since))  # counted, not shown: a question's text is kept where it was asked alone
    if gaps:
        lines.append(f"I could not answer {gaps} question{'s' if gaps > 1 else ''}: `/nightschool gaps` shows what you could teach me.")
    return "\n".join(lines)


def last_ended(session: Session, night: Night) -> datetime:
    """When the night before ended; a rebuild after a forgetting, which says nothing in the morning, is none."""
    before = select(Night.finished_at).where(*_ended(night), Night.kind != "forget").order_by(Night.id.desc()).limit(1)
    return session.scalar(before) or EVER


def unanswered(session: Session, channel_id: int, since: datetime = EVER) -> list[str]:
    """What was asked since a moment, each once, the latest first; what was answered when it was asked again, or taught as an answer to it, is none."""
    asked = (Question.channel_id == channel_id, Question.state == Work.DONE, Question.created_at > since, Question.text != "")
    rows = session.scalars(select(Question).where(*asked).order_by(Question.id.desc()))
    latest: dict[str, str] = {}
    for row in rows:
        latest.setdefault(row.text, (row.answer or {}).get("how", ""))
    taught = {normalised(lesson.question) for lesson in lessons.in_force(session, session.get_one(Channel, channel_id)) if lesson.question}
    return [text for text, how in latest.items() if how == "abstained" and normalised(text) not in taught]


def curve(shares: Sequence[float]) -> str:
    """Shares, 0 to 1, as bars."""
    return "".join(_BARS[min(len(_BARS) - 1, int(share * len(_BARS)))] for share in shares)


def _before(session: Session, night: Night) -> list[Night]:
    return list(session.scalars(select(Night).where(*_ended(night)).order_by(Night.id.desc()).limit(NIGHTS)))[::-1]


def _ended(night: Night) -> tuple[ColumnElement[bool], ...]:
    return Night.channel_id == night.channel_id, Night.id != night.id, Night.verdict.in_(EXAMINED)


def _count(session: Session, night: Night, since: datetime, forgotten: bool) -> int:
    if forgotten:  # by request: a proposal that was dismissed had never been learned
        requests = session.scalars(select(Forgetting).where(Forgetting.channel_id == night.channel_id, Forgetting.created_at > since))
        return sum(len(request.lessons) - (request.receipt or {}).get("waited", 0) for request in requests)
    taught = (Lesson.status.not_in((LessonStatus.FORGOTTEN, LessonStatus.PROPOSED)), func.coalesce(Lesson.approved_at, Lesson.created_at) > since)
    return session.scalar(select(func.count()).select_from(Lesson).where(Lesson.channel_id == night.channel_id, *taught)) or 0
