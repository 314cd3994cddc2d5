"""What people say, change and delete: written to the log, and passed on to the lessons that rest on it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.memory import channels, edits, lessons, log, privacy, proposals
from learning.records import Channel, Lesson


def heard(session: Session, channel: Channel, said: Sequence[log.Utterance], brought: bool = False, off_record: bool = False) -> log.Recorded:
    """Messages, new or in a new version: as they were said, or `brought` by an admin who had history read or imported.

    What is said where nothing may be learned, or `off_record`, is not looked at for lessons later either, unless it is brought.
    """
    if brought or any(log.get(session, channel, utterance.ts) for utterance in said):  # new chatter waits for nobody
        channels.lock(session, channel)  # before the rows of messages, as everybody does
    recorded = log.record(session, channel, said, off_record=not brought and (off_record or bool(privacy.why_not(session, channel))))
    if brought:
        log.put_on_record(session, channel, [utterance.ts for utterance in said])
    for ts, before in recorded.changed.items():
        edits.source_changed(session, channel, ts, before, privacy.why_not)
    for ts, now_said in recorded.unkept.items():
        edits.unkept_changed(session, channel, ts, now_said)
    return recorded


def deleted(session: Session, channel: Channel, ts: Sequence[str], by: str) -> list[str]:
    """Messages are gone, and with them what was learned from them. Returns the ts of those that were not known to be deleted."""
    channels.lock(session, channel)  # before any question's row, as everybody does
    new = log.delete_messages(session, channel, ts)
    proposals.sources_gone(session, channel, new, by)
    return new


def told_by(session: Session, channel: Channel, ts: str, author: str) -> Sequence[Lesson]:
    """What somebody taught by a message to the bot."""
    taught = (Lesson.origin == "taught", Lesson.source_ts == ts, Lesson.author == author, Lesson.status.in_(lessons.FORGETTABLE))
    return session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, *taught)).all()
