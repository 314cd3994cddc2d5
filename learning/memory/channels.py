"""Channels by their ids. A name is only for people to read."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select, union, update
from sqlalchemy.orm import Session

from learning.database import add_missing
from learning.errors import NightschoolError
from learning.records import LOCAL, Announcement, Channel, ChannelAlias, Installation, Lesson, Message, Night, Question, Reaction, Telling, Workspace, now

# What Slack, and people in it, tell of a channel
TOLD = "enterprise_id team_id slack_id time_zone is_external learns_since learns_by archived_at left_at paused_at approval members reports".split()


class ChannelError(NightschoolError):
    """A channel cannot be named so."""


def ensure(session: Session, team_id: str, slack_id: str, enterprise_id: str = "", name: str = "") -> Channel:
    """The channel with these ids, made when it is new; two processes may see it first at once."""
    channel = by_ids(session, team_id, slack_id, enterprise_id)
    if channel is None:
        channel = _adopted(session, team_id, slack_id, name)
    elif name and not channel.name:
        channel = _under_its_name(session, channel, name)
    if channel is None:
        new = {"enterprise_id": enterprise_id, "team_id": team_id, "slack_id": slack_id, "name": name, "salt": secrets.token_hex(16)}
        add_missing(session, Channel, [new])
        channel = by_ids(session, team_id, slack_id, enterprise_id)
        assert channel is not None
    if enterprise_id and not channel.enterprise_id:  # the workspace joined an Enterprise Grid; its ids stayed
        channel.enterprise_id = enterprise_id
    if name and channel.name != name:
        channel.name = name
    return channel


def organisation(session: Session, team_id: str) -> set[str]:
    """The workspaces of one organisation (Enterprise Grid), as far as they are known: a user's id is the same person in all of them."""
    told = union(*(select(table.team_id, table.enterprise_id).where(table.enterprise_id != "") for table in (Channel, Installation))).subquery()
    ids = select(told.c.enterprise_id).where(told.c.team_id == team_id)
    return {team_id, *session.scalars(select(told.c.team_id).where(told.c.enterprise_id.in_(ids)))}


def share(channel: Channel, shared: bool) -> None:
    """Note whether other organisations are in a channel. Who may teach there is asked anew once they are."""
    if shared and not channel.is_external:
        channel.approval = None
    channel.is_external = shared


def by_ids(session: Session, team_id: str, slack_id: str, enterprise_id: str = "") -> Channel | None:
    """The channel that has these ids, or had them before `channel_id_changed`."""
    same = select(Channel).where(Channel.team_id == team_id, Channel.slack_id == slack_id, Channel.enterprise_id.in_({enterprise_id, ""}))
    if not enterprise_id:  # not every payload tells it
        same = select(Channel).where(Channel.team_id == team_id, Channel.slack_id == slack_id)
    channel = session.scalars(same.order_by(Channel.enterprise_id.desc()).limit(1)).one_or_none()
    if channel is None:
        alias = session.get(ChannelAlias, (team_id, slack_id))
        channel = session.get(Channel, alias.channel_id) if alias else None
    return channel


def by_handle(session: Session, handle: str) -> Channel:
    """A channel as a person names it: an id, or a name with or without `#`; made when it is new. Raises ChannelError."""
    found = find(session, handle)
    if found:
        return found
    name = _name(handle)
    return ensure(session, LOCAL, id_for_name(name) if name else handle, name=name)


def known(session: Session, handle: str) -> Channel:
    """A channel as a person names it, which must be known already: a slip of the keys makes none. Raises ChannelError."""
    found = find(session, handle)
    if found is None:
        names = [f"#{name}" for name in session.scalars(select(Channel.name).where(Channel.name != "").order_by(Channel.id).limit(5))]
        others = f", but {', '.join(names)}" if names else ""
        raise ChannelError(f"I know no channel {handle}{others}: `nightschool teach -c {handle} …` begins one.")
    return found


def id_for_name(name: str) -> str:
    """A stand-in for Slack's id, for a channel of which only the name is known."""
    return "C" + hashlib.sha256(name.encode()).hexdigest()[:9].upper()


def find(session: Session, handle: str) -> Channel | None:
    """A channel by id or name. Raises ChannelError when the handle is no such thing, or names several."""
    name = _name(handle)
    found = session.scalars(select(Channel).where(func.lower(Channel.name) == name if name else Channel.slack_id == handle)).all()
    if len(found) > 1:
        ids = ", ".join(f"{c.slack_id} in {c.team_id}" for c in found)
        raise ChannelError(f"{handle} is several channels ({ids}): give the id of the one you mean.")
    return found[0] if found else None


def team(session: Session, team_id: str = "") -> str:
    """A workspace's id: the named one, or the only one that is known. Raises ChannelError when there are several, or not this one."""
    known = {*session.scalars(select(Channel.team_id).where(Channel.team_id != LOCAL).distinct()), *session.scalars(select(Workspace.team_id))} - {LOCAL}
    if not team_id and len(known) > 1:
        raise ChannelError(f"there are several workspaces ({', '.join(sorted(known))}): say which with --workspace.")
    if team_id and known and team_id not in known:
        raise ChannelError(f"I know no workspace {team_id}, but {', '.join(sorted(known))}.")
    return team_id or next(iter(known), LOCAL)


def active(session: Session) -> Sequence[Channel]:
    """Channels that have nights: neither archived, nor left, nor paused."""
    studying = (Channel.left_at.is_(None), Channel.archived_at.is_(None), Channel.paused_at.is_(None))
    return session.scalars(select(Channel).where(*studying).order_by(Channel.id)).all()


def clock(session: Session, channel: Channel) -> ZoneInfo:
    """The time zone by which a channel's nights fall: the workspace's, else the most common one of its members, else UTC."""
    workspace = session.get(Workspace, channel.team_id)
    for name in ((workspace.time_zone if workspace else None), channel.time_zone):
        with suppress(ZoneInfoNotFoundError, ValueError):  # one that is newer than the tables here
            if name:
                return ZoneInfo(name)
    return ZoneInfo("UTC")


def day_of(session: Session, channel: Channel, source_ts: str | None = None, at: datetime | None = None) -> date:
    """On which something is said, by the channel's clock: now, `at` some time, or when the message was written that says it."""
    said = datetime.fromtimestamp(float(source_ts), UTC) if source_ts else at or now()
    return said.astimezone(clock(session, channel)).date()


def renumber(session: Session, channel: Channel, slack_id: str) -> None:
    """Slack gave the channel another id; the old one stays known. A row that was made for the new id, before this was told, is taken in."""
    other = by_ids(session, channel.team_id, slack_id, channel.enterprise_id)
    if channel.slack_id == slack_id:
        return
    if other and other.id != channel.id:
        if _lives(session, other):
            return
        _take_in(session, channel, other)
    add_missing(session, ChannelAlias, [{"team_id": channel.team_id, "slack_id": channel.slack_id, "channel_id": channel.id}])
    channel.slack_id = slack_id


def _lives(session: Session, channel: Channel) -> bool:
    """Has it a life of its own?"""
    return any(session.scalars(select(table.id).where(table.channel_id == channel.id).limit(1)).first() for table in (Lesson, Night))


def _take_in(session: Session, channel: Channel, other: Channel) -> None:
    """What was said under the new id, and is to be said there, belongs to the channel."""
    lock(session, other)
    for table in (Message, Question, Reaction):
        known = select(table.ts).where(table.channel_id == channel.id)
        session.execute(update(table).where(table.channel_id == other.id, table.ts.not_in(known)).values(channel_id=channel.id))
    for waiting in (Announcement, Telling):
        session.execute(update(waiting).where(waiting.channel_id == other.id).values(channel_id=channel.id))
    session.delete(other)
    session.flush()


def lock(session: Session, channel: Channel) -> None:
    """Until the commit nobody else changes which lessons of a channel count, or who serves there; where rows are not locked, writers wait anyway."""
    session.execute(select(Channel.id).where(Channel.id == channel.id).with_for_update(key_share=True))


def leave(channel: Channel) -> None:
    """The bot is no longer in the channel: no nights, nothing studied, until it is invited again."""
    channel.left_at = channel.left_at or now()


def _name(handle: str) -> str:
    """The name in a handle, or nothing when it is an id: Slack's ids are capitals and digits; its names know no capitals. Raises ChannelError."""
    if re.fullmatch(r"[CDG](?=[A-Z]*\d)[A-Z0-9]{1,63}", handle):
        return ""
    if not re.fullmatch(r"#?[^\s#/]{1,80}", handle):
        raise ChannelError(f"{handle!r} is no channel: give an id such as C024BE91L, or a name such as '#ops'.")
    return handle.removeprefix("#").lower()


def _several(session: Session, team_id: str) -> bool:
    """Are there other workspaces, heard of or not?"""
    return bool(
        session.scalars(select(Channel.id).where(Channel.team_id.not_in((LOCAL, team_id)))).first() or session.scalars(select(Installation.team_id)).first()
    )


def _taught_by_name(session: Session, team_id: str, name: str) -> Channel | None:
    if not name or team_id == LOCAL or _several(session, team_id):
        return None
    return session.scalars(select(Channel).where(Channel.team_id == LOCAL, Channel.slack_id == id_for_name(name))).one_or_none()


def _under_its_name(session: Session, channel: Channel, name: str) -> Channel:
    """A channel whose name is told only now, as an invitation tells none: perhaps one that was taught by it on the command line."""
    local = _taught_by_name(session, channel.team_id, name)
    if local is None or _lives(session, channel):
        return channel
    told = {field: value for field in TOLD if (value := getattr(channel, field))}
    _take_in(session, local, channel)
    for field, value in told.items():
        setattr(local, field, value)
    session.flush()
    return local


def _adopted(session: Session, team_id: str, slack_id: str, name: str) -> Channel | None:
    """A channel first named on the command line, by its id or, where only one workspace can be meant, by its name, now seen in its workspace."""
    channel = session.scalars(select(Channel).where(Channel.team_id == LOCAL, Channel.slack_id == slack_id)).one_or_none()
    channel = channel or _taught_by_name(session, team_id, name)
    if channel and team_id != LOCAL:
        channel.team_id, channel.slack_id = team_id, slack_id
    return channel
