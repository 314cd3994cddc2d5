"""Importing a Slack export into the log: streamed, idempotent, resumable. What cannot be read is skipped and told."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import inbox, messages
from bot.events import member
from bot.export import BrokenFile, Day, Export, ExportError, Room
from learning.database import Database
from learning.memory import channels, people, sources
from learning.memory.log import Utterance
from learning.memory.people import Member
from learning.records import LOCAL, Channel, ImportedFile, Workspace, now

ODD = (KeyError, TypeError, AttributeError, ValueError)  # what an entry raises that is not as Slack writes it
SHOWN = 80  # characters of one
BATCH = 1_000  # messages in one transaction


@dataclass
class Summary:
    """What an import found. `broken` are files that were skipped, wholly, from some place on, or an entry of theirs, and why."""

    channels: int = 0
    messages: int = 0
    added: int = 0
    changed: int = 0
    deleted: int = 0
    files: int = 0
    known_files: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)


Progressed = Callable[[int, int], None]  # bytes done, bytes in all


def import_export(database: Database, export: Export, only: str | None = None, progressed: Progressed = lambda done, total: None) -> Summary:
    """Write an export into the log, or only the channel with this id or name. Cut off anywhere and begun again, it ends in the same state.

    Raises ExportError when there is no such channel.
    """
    summary = Summary()
    team_id = _people(database, export)
    named = only and only.removeprefix("#").lower()
    rooms = [room for room in export.rooms() if only is None or (named and named in (room.slack_id.lower(), room.name.lower()))]
    if only is not None and not rooms:
        raise ExportError(f"the export holds no channel {only!r}.")
    days = {room: export.days(room) for room in rooms}
    total, done = sum(day.size for room in days for day in days[room]), 0
    for room in rooms:
        with database.write() as session:
            channel = _channel(session, team_id, room)
        summary.channels += 1
        for day in days[room]:
            _import_day(database, export, channel, day, summary)
            done += day.size
            progressed(done, total)
    summary.broken[:0] = export.broken
    return summary


def _people(database: Database, export: Export) -> str:
    """Note who is who; the workspace that they are members of."""
    team_id = _team(database, export)
    users = export.people()
    while batch := list(islice(users, BATCH)):
        with database.write() as session:
            people.meet(session, team_id, _members(batch))
    return team_id


def _members(users: list[dict[str, Any]]) -> list[Member]:
    """Those that can be read: of the others no name is known."""
    known = []
    for user in users:
        with suppress(*ODD):
            known.append(member(user))
    return known


def _team(database: Database, export: Export) -> str:
    """The workspace of an export: the only one that is known here, if somebody in it is of that, else the one that most are of."""
    counted = Counter(str(user["team_id"]) for user in export.people() if user.get("team_id"))
    with database.read() as session:
        known = set(session.scalars(select(Workspace.team_id))) & counted.keys()
    return known.pop() if len(known) == 1 else max(counted, key=lambda team: (counted[team], team), default=LOCAL)


def _channel(session: Session, team_id: str, room: Room) -> Channel:
    there = channels.by_ids(session, team_id, room.slack_id) if room.slack_id else None
    if there and there.members is not None:  # what Slack tells of it is newer than any export
        return there
    channel = channels.ensure(session, team_id if room.slack_id else LOCAL, room.slack_id or channels.id_for_name(room.name), name=room.name)
    channels.share(channel, channel.is_external or room.is_external)
    if room.is_archived:
        channel.archived_at = channel.archived_at or now()
    return channel


def _import_day(database: Database, export: Export, channel: Channel, day: Day, summary: Summary) -> None:
    """One file. It is noted as imported with its last messages; cut off before that, it is read again, which changes nothing."""
    try:
        fingerprint = export.files.fingerprint(day.path)
    except BrokenFile as error:
        summary.broken.append((day.path, str(error)))
        return
    with database.read() as session:
        known = session.get(ImportedFile, (channel.id, day.name))
    if known and known.fingerprint == fingerprint:
        summary.known_files += 1
        return
    try:
        for batch in _batches(export.messages(day)):
            with database.write() as session:
                _write(session, session.get_one(Channel, channel.id), day, batch, summary)
    except BrokenFile as error:
        summary.broken.append((day.path, str(error)))
        return
    with database.write() as session:
        session.merge(ImportedFile(channel_id=channel.id, name=day.name, fingerprint=fingerprint))
    summary.files += 1


def _batches(entries: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Messages in portions; a file that breaks off gives what came before."""
    broken: BrokenFile | None = None

    def whole() -> Iterator[dict[str, Any]]:
        nonlocal broken
        try:
            yield from entries
        except BrokenFile as error:
            broken = error

    readable = whole()
    while batch := list(islice(readable, BATCH)):
        yield batch
    if broken:
        raise broken


def _write(session: Session, channel: Channel, day: Day, batch: list[dict[str, Any]], summary: Summary) -> None:
    said, gone = [], []
    for entry in batch:
        try:
            for one in _read(entry):
                gone.append(one) if isinstance(one, str) else said.append(one)
        except ODD as error:
            summary.broken.append((day.path, f"one entry of it makes no sense ({type(error).__name__}: {error}): {str(entry)[:SHOWN]}"))
    recorded = sources.heard(session, channel, said, brought=True)
    summary.deleted += len(sources.deleted(session, channel, gone, "import"))
    inbox.questions_gone(session, channel, gone)
    summary.messages += len(said)
    summary.added += len(recorded.added)
    summary.changed += len(recorded.changed)


def _read(entry: dict[str, Any]) -> Iterator[Utterance | str]:
    """What an entry says, or the ts of what it deletes. New versions may stand in an export as entries of their own, as may deletions."""
    subtype, inner = entry.get("subtype"), entry.get("message") or {}
    if subtype == "message_deleted" and entry.get("deleted_ts"):
        yield _time(entry["deleted_ts"])
    elif messages.is_tombstone(entry):
        yield _time(entry["ts"])
    elif subtype == "message_changed" and inner.get("ts"):
        yield _whole(messages.utterance(inner, entry.get("ts")))
    elif messages.is_kept(entry):
        yield _whole(messages.utterance(entry))


def _whole(said: Utterance) -> Utterance:
    """Raises ValueError for one whose times or author are none."""
    if not isinstance(said.author, str):
        raise ValueError(f"{said.author!r} is nobody")
    for ts in (said.ts, said.thread_ts, said.edited_ts):
        if ts is not None:
            _time(ts)
    return said


def _time(ts: object) -> str:
    if not isinstance(ts, str):
        raise ValueError(f"{ts!r} is no time")
    float(ts)
    return ts
