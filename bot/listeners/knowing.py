"""`/nightschool forget, lessons, status, report, gaps, sleep, pause, resume, rollback`: what a channel knows, and its nights."""

import math
import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import blocks, checks, mrkdwn
from bot.listeners import commands
from learning import registry
from learning.memory import channels, finding, lessons, people
from learning.memory.salience import Salience, salience
from learning.night import morning, nights, report
from learning.records import Channel, Lesson, LessonStatus, Night, Work, now

Answer = tuple[str, list[blocks.Block]]
PAGE = 10  # lessons shown at once
_PAGED = re.compile(r"(?P<search>.*?)\s*\bpage (?P<page>\d+)\s*$", re.IGNORECASE)


def forget(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """As `/forget`: shown first, and asked."""
    return commands.to_forget(session, channel, rest)


def listed(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """What the channel was taught, newest first, where each lesson is on its way into the weights, and what people did about it."""
    rest = mrkdwn.plain(" ".join(rest.split()), names=people.names(session, channel.team_id))
    asked = _PAGED.match(rest)
    search, page = (asked["search"], max(1, int(asked["page"]))) if asked else (rest, 1)
    found = finding.listed(session, channel, search)
    shown = found[(page - 1) * PAGE : page * PAGE]
    if not shown:
        return "Nothing like that was taught here." if search or page > 1 else "Nothing was taught here yet: `/teach` me something.", []
    unproven = {lesson.id for lesson in lessons.unproven(session, channel)}
    weighed = salience(session, channel, shown, now())
    lines = []
    for lesson in shown:
        state = {LessonStatus.PROPOSED: "waits for approval", LessonStatus.EXTERNAL: "looked up, not studied"}.get(LessonStatus(lesson.status))
        state = state or ("looked up until a night has taught it" if lesson.id in unproven else "in my weights")
        history = ", ".join(_history(weighed[lesson.id]))
        lines.append(f"• {mrkdwn.escaped(lesson.told)} _({'; '.join(part for part in (state, history, _told_by(lesson)) if part)})_")
    page_of = blocks.sections("\n".join(lines))
    if len(found) > page * PAGE:
        following = f"{search} page {page + 1}".strip()
        page_of.append(blocks.context(f"Page {page} of {math.ceil(len(found) / PAGE)}. The next: `/lessons {following}`"))
    return f"{len(found)} lessons", page_of


def _told_by(lesson: Lesson) -> str:
    """Author and source; nobody is pinged where only one person reads."""
    return f"by <@{lesson.author}>, {blocks.source(lesson)}" if lesson.permalink else blocks.source(lesson)


def _history(weighed: Salience) -> list[str]:
    """What people did about a lesson: that is what it is weighed by, too."""
    asked = ["asked once" if weighed.asked == 1 else f"asked {weighed.asked} times"] if weighed.asked else []
    return [*asked, *(f"{thumb} {count}" for thumb, count in (("👍", weighed.agree), ("👎", weighed.disagree)) if count)]


def status(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """What is known and what is going on."""
    row = checks.channel_status(session, channel)
    paused = " My nights are paused." if channel.paused_at else ""
    known = f"{row['lessons']} lessons, {row['in_weights']} of them in my weights, {row['proposed']} proposed."
    return f"{known} I answer as {row['serving'] or 'a beginner, without an adapter'}. Last night: {row['night'] or 'none yet'}.{paused}", []


def told(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """The last report card."""
    ended = (Night.channel_id == channel.id, Night.verdict.in_(("promoted", "held", "left", "failed")))
    night = session.scalars(select(Night).where(*ended).order_by(Night.id.desc())).first()
    if night is None or night.verdict is None:
        return "I have had no night here yet.", []
    return f"{night.date}: {report.as_text(registry.candidate_name(session, night) or 'it', night.verdict, night.report_card or {})}", []


def gaps(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """What was asked and not answered, the latest first."""
    asked = morning.unanswered(session, channel.id)[:PAGE]
    if not asked:
        return "I have answered everything that was asked here.", []
    return "What I could not answer", [
        *blocks.sections("\n".join(f"• {mrkdwn.escaped(question)}" for question in asked)),
        blocks.context("`/teach` me what you know."),
    ]


def sleep(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """A night now; the workers take it up as they find it."""
    if nights.open_another(session, channel, now().date(), "sleep").state == Work.RUNNING:
        return "I sleep already. What was taught since I began waits for my next night.", []
    return "I go to sleep now, and tell how it went when I wake up.", []


def pause(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """No more nights; what is known stays."""
    channel.paused_at = channel.paused_at or now()
    return "My nights in this channel are paused. I answer from what I know, and look up what I am taught. `/nightschool resume` lets me study again.", []


def resume(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """Nights again."""
    channel.paused_at = None
    return "I study again, from tonight on.", []


def rollback(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """An earlier version serves."""
    wanted = rest.strip().lower().removeprefix("v")
    if wanted and not wanted.isdecimal():
        return "Name a version by its number, such as `/nightschool rollback 3`.", []
    channels.lock(session, channel)
    chosen = registry.rollback(session, channel, int(wanted) if wanted else None)
    return f"I answer as `{chosen.name}` from now on.", []


SUBCOMMANDS = {
    "forget": forget, "lessons": listed, "status": status, "report": told, "gaps": gaps, "sleep": sleep, "pause": pause, "resume": resume,
    "rollback": rollback,
}  # fmt: skip
ADMINS = {sleep, pause, resume, rollback}
