"""How a night ended, and writing it down: verdict, report card and what is to be said, in one transaction."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from learning import leases
from learning.database import add_once
from learning.errors import TrainingStopped
from learning.memory import channels
from learning.night import calendar, dreaming, morning, report
from learning.records import EXAMINED, Announcement, Channel, Night, Work
from learning.settings import Settings

logger = logging.getLogger(__name__)

FORGOTTEN = "a lesson was forgotten meanwhile"  # why a night's candidate came to nothing
STATES = {"skipped": Work.SKIPPED, "left": Work.SKIPPED, "failed": Work.FAILED}


@dataclass(frozen=True)
class Outcome:
    """`verdict` is promoted, held, skipped, left (for another night), tainted or failed; `adapter` its candidate's name."""

    verdict: str
    adapter: str | None
    report_card: dict[str, Any]


def told_at(session: Session, night: Night, settings: Settings) -> datetime | None:
    """When the channel hears of a night: in its morning; None, at once, of one that somebody asked for."""
    if night.kind != "nightly":
        return None
    return calendar.comes(night.date, channels.clock(session, session.get_one(Channel, night.channel_id)), settings)


def conclude(session: Session, night: Night, outcome: Outcome, comes: datetime | None = None, wonders: Sequence[Mapping[str, Any]] = ()) -> None:
    """End a night within the caller's transaction; the channel hears of it at once, or when morning `comes`. `wonders` are what it asks.

    Raises TrainingStopped, so that all is rolled back, when the night is no longer ours.
    """
    state = STATES.get(outcome.verdict, Work.DONE)
    error = outcome.report_card.get("reason") if state == Work.FAILED else None
    if not leases.finish(session, night, state, verdict=outcome.verdict, report_card=outcome.report_card, error=error):
        raise TrainingStopped
    logger.info("%s night %s of channel %s: %s %s", night.kind, night.date, night.channel_id, outcome.verdict, outcome.adapter or "")
    channel = session.get_one(Channel, night.channel_id)
    if night.kind == "sleep" or (channel.reports != "off" and _is_news(night, outcome)):
        text = morning.text(session, night, outcome.adapter or "", outcome.verdict, outcome.report_card)
        asked = [] if channel.reports == "admins" else [dict(wonder) for wonder in wonders]
        told = {"text": text + dreaming.as_text(asked), "wonders": asked or None, "due_at": comes, "audience": channel.reports}
        add_once(session, Announcement, channel_id=channel.id, key=f"night-{night.id}", **told)  # a rebuild that keeps failing says so once


def tell_noticed(session: Session, night: Night, count: int, comes: datetime | None = None) -> None:
    """Tell how many lessons were noticed in messages, when and to whom the night itself is told of."""
    channel = session.get_one(Channel, night.channel_id)
    if night.kind == "sleep" or channel.reports != "off":
        told = {"text": report.noticed_text(count), "due_at": comes, "audience": channel.reports}
        add_once(session, Announcement, channel_id=channel.id, key=f"noticed-{night.id}", **told)


def last_noticed(session: Session, night: Night) -> datetime:
    """When another night of the channel last told what it had noticed."""
    told = (Announcement.channel_id == night.channel_id, Announcement.key.like("noticed-%"), Announcement.key != f"noticed-{night.id}")
    return session.scalar(select(func.max(Announcement.created_at)).where(*told)) or morning.EVER


def _is_news(night: Night, outcome: Outcome) -> bool:
    """Is it worth a message? Of forgetting a receipt tells, unless it fails."""
    if outcome.verdict in EXAMINED:
        return night.kind != "forget"
    return outcome.verdict == "failed" or bool(outcome.verdict == "left" and outcome.report_card["lessons"])
