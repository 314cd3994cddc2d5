"""Channels by their ids. A name is only for people to read."""

import hashlib
import re
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.errors import NightschoolError
from learning.records import Channel, ChannelAlias

LOCAL = "local"  # team of a channel that only the command line has spoken of; Slack's id replaces it on first sight


class ChannelError(NightschoolError):
    """A channel cannot be named so."""


def ensure(session: Session, team_id: str, slack_id: str, enterprise_id: str = "", name: str = "") -> Channel:
    """The channel with these ids, made when it is new."""
    channel = _by_ids(session, team_id, slack_id, enterprise_id) or _adopted(session, team_id, slack_id, enterprise_id)
    if channel is None:
        channel = Channel(enterprise_id=enterprise_id, team_id=team_id, slack_id=slack_id, name=name, salt=secrets.token_hex(16))
        session.add(channel)
        session.flush()
    if name and channel.name != name:
        channel.name = name
    return channel


def by_handle(session: Session, handle: str) -> Channel:
    """A channel as a person names it: an id, or a name with or without `#`; made when it is new. Raises ChannelError."""
    found = find(session, handle)
    if found:
        return found
    name = _name(handle)
    slack_id = "C" + hashlib.sha256(name.encode()).hexdigest()[:9].upper() if name else handle
    return ensure(session, LOCAL, slack_id, name=name)


def find(session: Session, handle: str) -> Channel | None:
    """A channel by id or name. Raises ChannelError when the handle is no such thing, or names several."""
    name = _name(handle)
    found = session.scalars(select(Channel).where(Channel.name == name if name else Channel.slack_id == handle)).all()
    if len(found) > 1:
        ids = ", ".join(f"{c.slack_id} in {c.team_id}" for c in found)
        raise ChannelError(f"{handle} is several channels ({ids}): give the id of the one you mean.")
    return found[0] if found else None


def _name(handle: str) -> str:
    """The name in a handle, or nothing when it is an id: Slack's ids are in capitals, its names are not. Raises ChannelError."""
    if re.fullmatch(r"[A-Z][A-Z0-9]{1,63}", handle):
        return ""
    if not re.fullmatch(r"#?[^\s#/]{1,80}", handle):
        raise ChannelError(f"{handle!r} is no channel: give an id such as C024BE91L, or a name such as '#ops'.")
    return handle.removeprefix("#")


def _by_ids(session: Session, team_id: str, slack_id: str, enterprise_id: str) -> Channel | None:
    same = select(Channel).where(Channel.team_id == team_id, Channel.slack_id == slack_id, Channel.enterprise_id == enterprise_id)
    channel = session.scalars(same).one_or_none()
    if channel is None:
        alias = session.get(ChannelAlias, (team_id, slack_id))
        channel = session.get(Channel, alias.channel_id) if alias else None
    return channel


def _adopted(session: Session, team_id: str, slack_id: str, enterprise_id: str) -> Channel | None:
    """A channel first named on the command line, now seen in its workspace."""
    channel = session.scalars(select(Channel).where(Channel.team_id == LOCAL, Channel.slack_id == slack_id)).one_or_none()
    if channel and team_id != LOCAL:
        channel.team_id, channel.enterprise_id = team_id, enterprise_id
    return channel
