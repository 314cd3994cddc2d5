"""Answers to what the bot wondered in a morning's report: which question somebody means, and what must no longer be repeated."""

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.memory import recall, signs
from learning.records import Announcement, Channel, Lesson, LessonStatus, Question, Work

TAKEN_BACK = "_(taken back)_"
_NOTHING = {"said": TAKEN_BACK, "asked": "", "question": "", "lessons": []}
_CHATTER = re.compile(
    r"\W*(thanks?|thx|thank you|great|nice|good (morning|job|work)|well done|cool|wow|lol|haha|ok|okay|no idea|i don['’]?t know|dunno|not sure|same here)\b",
    re.IGNORECASE,
)
_WILL_LOOK = re.compile(r"^\W*(?:let me|i['’]?ll|i will|i can|i['’]?m going to)\s+(?:just\s+)?(?:check|ask|look|see|find out|ping|get back)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"\s*#?(?P<number>\d)\s*[.):–-]\s+(?P<rest>.+)", re.DOTALL)  # "1,500 euros" and "2:30" are answers


def in_thread(session: Session, channel: Channel, thread_ts: str | None) -> Announcement | None:
    """The report that began a thread, if it asked something."""
    if not thread_ts:
        return None
    told = (Announcement.channel_id == channel.id, Announcement.reply_ts == thread_ts, Announcement.wonders.is_not(None))
    report = session.scalars(select(Announcement).where(*told)).one_or_none()
    return report if report and report.wonders else None


def is_answer(text: str) -> bool:
    """Does what somebody wrote in such a thread tell something? Questions, promises to find out, and single words do not; a guess may, and is proposed."""
    return not (text.rstrip().endswith("?") or signs.is_question(text) or _WILL_LOOK.search(text)) and " " in text.strip()


def is_chatter(text: str) -> bool:
    """Is it a short word of thanks, or the like? Not when it answers by a number."""
    return not _NUMBERED.fullmatch(text) and bool(_CHATTER.match(text))


def meant(report: Announcement, text: str) -> tuple[dict[str, Any], str]:
    """Which of a report's questions a text answers, by its number or its words, else the first; and the answer."""
    wonders = list(report.wonders or ())
    numbered = _NUMBERED.fullmatch(text)
    if numbered and 1 <= int(numbered["number"]) <= len(wonders):
        return wonders[int(numbered["number"]) - 1], numbered["rest"].strip()
    hits = recall.search([Lesson(id=number, text=wonder["said"]) for number, wonder in enumerate(wonders)], text, limit=1)
    return wonders[hits[0].lesson.id if hits else 0], text


def tidy(session: Session, channel: Channel) -> None:
    """Reports no longer repeat questions that were deleted, nor lessons that were forgotten."""
    session.flush()
    for report in session.scalars(select(Announcement).where(Announcement.channel_id == channel.id, Announcement.wonders.is_not(None))):
        gone = [wonder for wonder in report.wonders or () if not _stands(session, channel, wonder)]
        if gone:
            posted = report.text
            for wonder in gone:
                report.text = report.text.replace(wonder["said"], TAKEN_BACK)
            report.wonders = [_NOTHING if wonder in gone else wonder for wonder in report.wonders or ()]
            correct(session, report, posted)


def correct(session: Session, report: Announcement, posted: str) -> None:
    """Where a report was posted with another text than it has now, have it edited: by one row, so that no earlier text is left in any."""
    if not report.reply_ts or not report.wonders or report.text == posted:
        return
    key = f"tidied-{report.id}"
    row = session.scalars(select(Announcement).where(Announcement.key == key)).one_or_none()
    if row is None:
        session.add(Announcement(channel_id=report.channel_id, key=key, update_ts=report.reply_ts, text=report.text))
    else:
        row.text, row.state, row.lease_until = report.text, Work.WAITING, None


def _stands(session: Session, channel: Channel, wonder: dict[str, Any]) -> bool:
    asked = select(Question.id).where(Question.channel_id == channel.id, Question.text == wonder["question"]).limit(1)
    forgotten = select(Lesson.id).where(Lesson.id.in_(wonder["lessons"]), Lesson.status == LessonStatus.FORGOTTEN).limit(1)
    return (not wonder["question"] or session.scalar(asked) is not None) and session.scalar(forgotten) is None
