"""Consent: what must be agreed to before anything is learned from messages, and who is left out.

`/teach` needs none of this: it is said to the bot on purpose.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from learning.database import add_missing
from learning.errors import NightschoolError
from learning.memory import channels, log, proposals, wondering
from learning.records import LOCAL, Channel, ImportedFile, Message, Person, Workspace, now

ATTESTATION = (
    "In channels that are opted in, Nightschool reads messages, threads and reactions, proposes lessons from them, and trains a small adapter of its own "
    "for that channel on the lessons that were approved. Everything stays on this installation: no message leaves it, and no adapter answers in another "
    "channel. It is used within this organisation only. Members were told, and anybody can opt out with `/nightschool optout`. "
    "I am entitled to switch this on for this workspace."
)


class ConsentError(NightschoolError):
    """Learning from messages is not allowed here."""


def attest(session: Session, team_id: str, by: str) -> None:
    """Record that an admin agreed to the attestation, word for word."""
    workspace = _workspace(session, team_id)
    workspace.attested_at, workspace.attested_by, workspace.attestation = now(), by, ATTESTATION


def withdraw(session: Session, team_id: str) -> None:
    """Take the attestation back: nothing more is learned from messages in the workspace; who agrees again opts its channels in anew."""
    workspace = _workspace(session, team_id)
    workspace.attested_at = workspace.attested_by = workspace.attestation = None
    session.execute(update(Channel).where(Channel.team_id == team_id).values(learns_since=None, learns_by=None))


def opt_in(session: Session, channel: Channel, by: str) -> None:
    """Let lessons be noticed in a channel. Raises ConsentError."""
    if channel.is_external:
        raise ConsentError("this channel is shared with another organisation: nothing is learned from its messages.")
    if not attested(session, channel.team_id):
        raise ConsentError("an admin has to record the attestation first: `/nightschool attest`, or `nightschool attest` on the command line.")
    channel.learns_since, channel.learns_by = now(), by


def opt_out_channel(channel: Channel) -> None:
    """Notice nothing more in a channel."""
    channel.learns_since = channel.learns_by = None


def why_not(session: Session, channel: Channel) -> str:
    """Why nothing may be learned from a channel's messages; empty when it may."""
    if channel.left_at:
        return "the bot is not in this channel"
    if channel.archived_at:
        return "this channel is archived"
    if channel.is_external:
        return "this channel is shared with another organisation"
    if not attested(session, channel.team_id):
        return "no admin has recorded the attestation"
    return "" if channel.learns_since else "this channel is not opted in"


def attested(session: Session, team_id: str) -> bool:
    """Has an admin of the workspace agreed?"""
    workspace = session.get(Workspace, team_id)
    return workspace is not None and workspace.attested_at is not None


def opt_out(session: Session, team_id: str, user_id: str) -> int:
    """Leave somebody out at once, in all workspaces of their organisation: no text of theirs is kept, and what was noticed in it is forgotten. How many
    lessons that were."""
    teams = channels.organisation(session, team_id)
    for team in teams:
        _person(session, team, user_id).opted_out_at = now()
    wrote_in = Channel.id.in_(select(Message.channel_id).where(Message.author == user_id))
    for room in session.scalars(select(Channel).where(Channel.team_id.in_((*teams, LOCAL)), wrote_in).order_by(Channel.id)).all():
        channels.lock(session, room)  # before the rows of messages, as everybody does
    by_channel: dict[int, list[str]] = {}
    for message in log.silence(session, teams, user_id):
        by_channel.setdefault(message.channel_id, []).append(message.ts)
    rooms = {session.get_one(Channel, number): ts for number, ts in by_channel.items()}
    for room in rooms:
        wondering.tidy(session, room)
    return sum(proposals.sources_gone(session, room, ts, user_id) for room, ts in rooms.items())


def opt_back_in(session: Session, team_id: str, user_id: str) -> None:
    """Keep and study somebody's messages again, from now on; `/reindex`, or importing an export again, brings back the older ones."""
    teams = channels.organisation(session, team_id)
    for team in teams:
        _person(session, team, user_id).opted_out_at = None
    session.execute(update(Person).where(Person.team_id == LOCAL, Person.slack_id == user_id).values(opted_out_at=None))
    theirs = select(Channel.id).where(Channel.team_id.in_((*teams, LOCAL)))
    session.execute(delete(ImportedFile).where(ImportedFile.channel_id.in_(theirs)))  # else its files are known already


def set_time_zone(session: Session, team_id: str, zone: str | None) -> None:
    """The clock by which all nights of a workspace fall; None: each channel's own."""
    _workspace(session, team_id).time_zone = zone


def introduce(session: Session, team_id: str, url: str) -> None:
    """Note a workspace's address, for links to messages."""
    _workspace(session, team_id).url = url


def _workspace(session: Session, team_id: str) -> Workspace:
    add_missing(session, Workspace, [{"team_id": team_id}])
    return session.get_one(Workspace, team_id)


def _person(session: Session, team_id: str, user_id: str) -> Person:
    add_missing(session, Person, [{"team_id": team_id, "slack_id": user_id}])
    return session.get_one(Person, (team_id, user_id))
