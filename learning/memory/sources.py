"""What people say, change and delete: written to the log, and passed on to the lessons that rest on it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from learning.memory import log, privacy, proposals
from learning.records import Channel


def heard(session: Session, channel: Channel, said: Sequence[log.Utterance]) -> log.Recorded:
    """Messages, new or in a new version."""
    recorded = log.record(session, channel, said)
    for ts in recorded.changed:
        proposals.source_changed(session, channel, ts, privacy.why_not)
    return recorded


def deleted(session: Session, channel: Channel, ts: Sequence[str], by: str) -> list[str]:
    """Messages are gone, and with them what was learned from them. Those of which that was not known yet."""
    new = [each for each in ts if log.delete_message(session, channel, each)]
    proposals.sources_gone(session, channel, new, by)
    return new
