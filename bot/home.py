"""The bot's Home tab: for each channel of whoever looks, what is known, how the last nights went, and what can be done about it."""

from collections.abc import Collection
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import blocks, checks, mrkdwn
from learning import registry
from learning.memory import privacy
from learning.night import morning
from learning.records import EXAMINED, Channel, Night, Person

MOST_CHANNELS = 23  # Slack takes 100 blocks
NIGHTS = 14  # of the curve
KEPT = "I keep what is said in channels that I am in, for follow-ups; I learn from your messages only where an admin has opted the channel in."


def view(session: Session, team_id: str, user_id: str, inside: Collection[str], admin: bool) -> blocks.Block:
    """The tab of one person; `inside` are Slack's ids of the channels they are in: of others nothing is shown."""
    known = session.scalars(select(Channel).where(Channel.team_id == team_id, Channel.slack_id.in_(inside), Channel.left_at.is_(None)).order_by(Channel.name))
    rooms, more = list(islice(known, MOST_CHANNELS)), len(list(known))
    shown = [block for room in rooms for block in (*_channel(session, room, admin), {"type": "divider"})]
    shown += [blocks.context(f"And {more} more: `/nightschool status` there.")] if more else []
    if not rooms:
        shown = [blocks.section("I am in none of your channels yet. `/invite @nightschool` in one, then `/teach` me something.")]
    person = session.get(Person, (team_id, user_id))
    out = person is not None and person.opted_out_at is not None
    own = "Your messages are out: I keep no text of yours." if out else KEPT
    choice = blocks.button("home_opt_in", "Let me in again", "own") if out else blocks.button("home_opt_out", "Leave my messages out", "own")
    return {"type": "home", "blocks": [blocks.header("What I know"), *shown, blocks.section(own), blocks.actions(choice)]}


def _channel(session: Session, channel: Channel, admin: bool) -> list[blocks.Block]:
    row = checks.channel_status(session, channel)
    name = f"*#{mrkdwn.escaped(channel.name)}*" if channel.name else "*a conversation*"
    knows = f"{row['lessons']} lessons, {row['in_weights']} of them by heart. I answer as {row['serving'] or 'a beginner, without an adapter'}."
    lines = [blocks.section(f"{name}\n{knows}"), blocks.context(" · ".join(_quietly(session, channel, row["proposed"])))]
    if admin:
        nights = (
            blocks.button("home_resume", "Resume nights", channel.slack_id)
            if channel.paused_at
            else blocks.button("home_pause", "Pause nights", channel.slack_id)
        )
        seen = f"{channel.slack_id} {row['serving'] or ''}"
        back = blocks.confirmed(blocks.button("home_rollback", "Roll back", seen), "Let the version before answer?", "Roll back")
        lines.append(blocks.actions(nights, *([back] if registry.earlier(session, channel) else [])))
    return lines


def _quietly(session: Session, channel: Channel, proposed: int) -> list[str]:
    ended = (Night.channel_id == channel.id, Night.verdict.in_(EXAMINED))
    nights = session.scalars(select(Night).where(*ended).order_by(Night.id.desc()).limit(NIGHTS)).all()[::-1]
    recalled = [float((night.report_card or {}).get("recall", 0.0)) for night in nights]
    told = [f"exams {morning.curve(recalled)} {recalled[-1]:.0%}", f"last night: {nights[-1].verdict}"] if nights else ["no night yet"]
    told += [f"{proposed} proposals wait: `/nightschool proposals`"] if proposed else []
    told += ["nights are paused"] if channel.paused_at else []
    told += [] if privacy.why_not(session, channel) else ["learns from messages"]
    return told
