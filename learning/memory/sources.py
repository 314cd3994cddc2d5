"""What people say, change and delete: written to the log, and passed on to the lessons that rest on it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from learning.memory import log, proposals
from learning.records import Channel


def heard(session: Session, channel: Channel, said: Sequence[log.Utterance]) -> log.Recorded:
    """Messages, new or in a new version."""
    recorded = log.record(session, channel, said)
    for ts in recorded.changed:
        proposals.source_changed(session, channel, ts)
    return recorded


def deleted(session: Session, channel: Channel, ts: str, by: str) -> bool:
    """A message is gone, and with it what was learned from it. False when that was known."""
    new = log.delete_message(session, channel, ts)
    if new:
        proposals.sources_gone(session, channel, [ts], by)
    return new
