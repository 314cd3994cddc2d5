"""Record an event once, before it is acknowledged: the log is written, and what was asked becomes a row."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import mrkdwn
from bot.events import Deleted, Happening, Reacted, Said
from learning.database import Database
from learning.memory import channels, log
from learning.records import Channel, Event, Question


def record(database: Database, event: Happening, bot_user_id: str) -> bool:
    """Write what an event tells, in one transaction. True when it asked something new; a second delivery changes nothing."""
    with database.write() as session:
        if session.get(Event, event.event_id):
            return False
        session.add(Event(event_id=event.event_id, kind=event.kind))
        channel = channels.ensure(session, event.team_id, event.channel_id, event.enterprise_id)
        match event:
            case Said():
                return _said(session, channel, event, bot_user_id)
            case Deleted():
                log.delete_message(session, channel, event.ts)
            case Reacted(added=True):
                log.react(session, channel, event.ts, event.author, event.emoji)
            case Reacted():
                log.unreact(session, channel, event.ts, event.author, event.emoji)
        return False


def _said(session: Session, channel: Channel, said: Said, bot_user_id: str) -> bool:
    log.record(session, channel, log.Utterance(said.ts, said.author, said.text, said.thread_ts, said.is_bot, said.edited_ts))
    if said.edited_ts or said.is_bot or said.author == bot_user_id:
        return False
    mentioned = mrkdwn.mentions(said.text)
    asked = said.mention or said.direct or bot_user_id in mentioned
    followed_up = not asked and not mentioned and _in_our_thread(session, channel, said)
    if not (asked or followed_up) or _known(session, channel, said.ts):
        return False
    session.add(
        Question(channel_id=channel.id, ts=said.ts, thread_ts=said.thread_ts, author=said.author,
                 text=mrkdwn.plain(said.text, bot_user_id), must_be_sure=followed_up)
    )  # fmt: skip
    return True


def _known(session: Session, channel: Channel, ts: str) -> bool:
    """Slack tells of a mention twice, as `app_mention` and as `message`, under two event ids."""
    return session.scalars(select(Question.id).where(Question.channel_id == channel.id, Question.ts == ts)).first() is not None


def _in_our_thread(session: Session, channel: Channel, said: Said) -> bool:
    """Was the bot asked in this thread before?"""
    if not said.thread_ts or said.thread_ts == said.ts:
        return False
    inside = (Question.thread_ts == said.thread_ts) | (Question.ts == said.thread_ts)
    return session.scalars(select(Question.id).where(Question.channel_id == channel.id, inside)).first() is not None
