"""The conversation log: what people wrote and how they reacted, edits and deletions included. Recording is idempotent."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from learning.database import add_missing
from learning.memory import channels
from learning.memory.words import as_typed
from learning.records import LOCAL, Channel, LessonSource, Message, Night, Person, Question, Reaction, StudyItemRecord, Tombstone, Work, now

BATCH = 500  # keys in one statement; PostgreSQL takes 65,535 parameters


@dataclass(frozen=True)
class Utterance:
    """A message as Slack tells of it. `ts` is its id within the channel; `reactions` are pairs (emoji, author)."""

    ts: str
    author: str
    text: str
    thread_ts: str | None = None
    is_bot: bool = False
    edited_ts: str | None = None
    reactions: frozenset[tuple[str, str]] = frozenset()


@dataclass
class Recorded:
    """What recording found: the ts of messages that are new, and of those whose text changed, with the text before."""

    added: list[str] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)
    unkept: dict[str, str] = field(default_factory=dict)  # of messages in which something was forgotten: what they say now


def record(session: Session, channel: Channel, said: Sequence[Utterance], off_record: bool = False) -> Recorded:
    """Write or update messages; new ones `off_record` where nothing may be learned from them.

    An older version never replaces a newer one; what was deleted or forgotten stays so; of people who opted out no text is kept.
    """
    recorded = Recorded()
    newest = {utterance.ts: utterance for utterance in sorted(said, key=lambda utterance: utterance.edited_ts or "")}
    for ts in batched(newest):
        _record(session, channel, {each: newest[each] for each in ts}, recorded, off_record)
    return recorded


def put_on_record(session: Session, channel: Channel, ts: Sequence[str]) -> None:
    """Messages that were off the record may be learned from."""
    for some in batched(ts):
        off = (Message.channel_id == channel.id, Message.ts.in_(some), Message.off_record)
        session.execute(update(Message).where(*off).values(off_record=False, examined=False))


def _record(session: Session, channel: Channel, latest: Mapping[str, Utterance], recorded: Recorded, off_record: bool) -> None:
    stored = session.scalars(select(Message).where(Message.channel_id == channel.id, Message.ts.in_(latest)))
    known = {message.ts: message for message in stored}
    silenced = _silenced(session, channel, latest.values())
    new = [utterance for ts, utterance in latest.items() if ts not in known]
    add_missing(session, Message, [
        {"channel_id": channel.id, "ts": u.ts, "thread_ts": u.thread_ts, "author": u.author, "is_bot": u.is_bot,
         "text": "" if u.ts in silenced else u.text, "edited_ts": u.edited_ts, "off_record": off_record} for u in new
    ])  # fmt: skip
    recorded.added += [utterance.ts for utterance in new]
    for ts, message in known.items():
        utterance = latest[ts]
        newer = (utterance.edited_ts or "") > (message.edited_ts or "")
        if message.deleted_at is None and ts not in silenced and (newer or not message.text) and utterance.text != message.text:
            recorded.changed[ts] = message.text
            message.text, message.examined = utterance.text, False
        elif message.deleted_at is None and ts in silenced and newer:
            recorded.unkept[ts] = utterance.text
        if newer:
            message.edited_ts = utterance.edited_ts
    _add_reactions(session, channel, latest.values(), {utterance.ts for utterance in new})


def _silenced(session: Session, channel: Channel, said: Iterable[Utterance]) -> set[str]:
    """The ts of messages whose text is not kept: they were forgotten, or their author opted out."""
    said = list(said)
    forgotten = select(Tombstone.source_ts).where(Tombstone.channel_id == channel.id, Tombstone.source_ts.in_([u.ts for u in said]))
    opted_out = out_of(session, channel, {u.author for u in said})
    return {ts for ts in session.scalars(forgotten) if ts} | {u.ts for u in said if u.author in opted_out}


def out_of(session: Session, channel: Channel, authors: Collection[str]) -> set[str]:
    """Who of these opted out, in any workspace of the organisation; in a channel whose workspace is not known yet, in any at all."""
    out = select(Person.slack_id).where(Person.slack_id.in_(authors), Person.opted_out_at.is_not(None))
    if channel.team_id != LOCAL:
        out = out.where(Person.team_id.in_({LOCAL, *channels.organisation(session, channel.team_id)}))  # LOCAL: before any workspace was known
    return set(session.scalars(out))


def _add_reactions(session: Session, channel: Channel, said: Iterable[Utterance], added: set[str]) -> None:
    """Note reactions that are new. None is taken back here: what was told is older than what an event may have said meanwhile."""
    told = {(u.ts, author, emoji) for u in said for emoji, author in u.reactions}
    reacted = {ts for ts, _, _ in told} - added
    rows = session.scalars(select(Reaction).where(Reaction.channel_id == channel.id, Reaction.ts.in_(reacted))).all() if reacted else ()
    new = sorted(told - {(row.ts, row.author, row.emoji) for row in rows})
    add_missing(session, Reaction, [{"channel_id": channel.id, "ts": ts, "author": author, "emoji": emoji} for ts, author, emoji in new])
    moved = {ts for ts, _, _ in new} - added
    if moved:
        session.execute(update(Message).where(Message.channel_id == channel.id, Message.ts.in_(moved)).values(examined=False))


def batched(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys in portions that any database takes as parameters of one statement."""
    left = iter(keys)
    while batch := list(islice(left, BATCH)):
        yield batch


def get(session: Session, channel: Channel, ts: str) -> Message | None:
    """The message at `ts`."""
    return session.scalars(select(Message).where(Message.channel_id == channel.id, Message.ts == ts)).one_or_none()


def delete_messages(session: Session, channel: Channel, ts: Sequence[str]) -> list[str]:
    """Note deletions: the texts go, the rows stay, so that a late edit cannot bring them back. The ts of those that were not known to be deleted."""
    new: list[str] = []
    for some in batched(dict.fromkeys(ts)):
        add_missing(session, Message, [{"channel_id": channel.id, "ts": each, "author": "", "text": ""} for each in some])
        told = (Message.channel_id == channel.id, Message.ts.in_(some), Message.deleted_at.is_(None))
        new += session.scalars(update(Message).where(*told).values(text="", deleted_at=now()).returning(Message.ts))
        session.execute(update(Question).where(Question.channel_id == channel.id, Question.ts.in_(some)).values(text=""))
    unstudy(session, channel.id)
    return new


def unstudy(session: Session, channel_id: int) -> None:
    """Questions that were studied as people asked them are no study material once they are not kept any more; the next night learns without them."""
    nights = select(Night.id).where(Night.channel_id == channel_id)
    studied = session.scalars(select(StudyItemRecord).where(StudyItemRecord.night_id.in_(nights), StudyItemRecord.strategy == "asked_by_people")).all()
    if not studied:
        return
    texts = session.scalars(select(Question.text).where(Question.channel_id == channel_id, Question.text != ""))
    kept = {spoken for text in texts for spoken in (text, as_typed(text))}
    for item in studied:
        if item.question not in kept:
            session.delete(item)


def not_among(
    session: Session, channel: Channel, low: str, high: str, latest: str, threads: Mapping[str, Collection[str]], roots: Collection[str]
) -> list[str]:  # fmt: skip
    """The ts of logged messages that Slack no longer shows: top-level ones from `low` up to `high` that are not among `roots`, with their replies, and
    replies of `threads` (root to ts of its replies) that are not among those. What was said since `latest`, when the reading began, does not count."""
    stands = (Message.channel_id == channel.id, Message.deleted_at.is_(None), Message.ts < latest)
    top = (Message.thread_ts.is_(None) | (Message.thread_ts == Message.ts), Message.ts >= low, Message.ts < high)
    gone = set(session.scalars(select(Message.ts).where(*stands, *top))) - set(roots)
    for some in batched(sorted({*gone, *threads, *roots})):
        replies = select(Message.ts, Message.thread_ts).where(*stands, Message.thread_ts != Message.ts, Message.thread_ts.in_(some))
        gone |= {ts for ts, root in session.execute(replies) if ts not in threads.get(root or "", ())}
    return sorted(gone)


def silence(session: Session, teams: Collection[str], author: str) -> list[Message]:
    """Remove the texts of all that somebody wrote in some workspaces; the messages that they were."""
    within = Channel.team_id.in_((*teams, LOCAL))
    kept = (Message.text != "") | Message.ts.in_(select(LessonSource.ts))  # where something of it was forgotten, other lessons may rest on it
    theirs = (within, Message.author == author, kept)
    messages = list(session.scalars(select(Message).join(Channel, Channel.id == Message.channel_id).where(*theirs)))
    for message in messages:
        message.text = ""
    asked = (Question.author == author, Question.channel_id.in_(select(Channel.id).where(within)), Question.state.in_((Work.DONE, Work.SKIPPED, Work.FAILED)))
    rooms = set(session.scalars(select(Question.channel_id).where(*asked)))
    session.execute(update(Question).where(*asked).values(text=""))
    for room in rooms:
        unstudy(session, room)
    return messages


def react(session: Session, channel: Channel, ts: str, author: str, emoji: str) -> None:
    """Note a reaction; a second delivery changes nothing."""
    add_missing(session, Reaction, [{"channel_id": channel.id, "ts": ts, "author": author, "emoji": emoji}])
    _look_again(session, channel, ts)


def vote(session: Session, channel: Channel, ts: str, author: str, good: bool) -> None:
    """Note a vote by button on a message; somebody's last one counts."""
    votes = {True: "+1::voted", False: "-1::voted"}  # read as the emoji before the colons, and apart from reactions of the same person
    unreact(session, channel, ts, author, votes[not good])
    react(session, channel, ts, author, votes[good])


def unvote(session: Session, channel: Channel, ts: str) -> None:
    """Take back all votes by button on a message."""
    session.execute(delete(Reaction).where(Reaction.channel_id == channel.id, Reaction.ts == ts, Reaction.emoji.endswith("::voted")))
    _look_again(session, channel, ts)


def unreact(session: Session, channel: Channel, ts: str, author: str, emoji: str) -> None:
    """Take a reaction back."""
    same = (Reaction.channel_id == channel.id, Reaction.ts == ts, Reaction.author == author, Reaction.emoji == emoji)
    session.execute(delete(Reaction).where(*same))
    _look_again(session, channel, ts)


def _look_again(session: Session, channel: Channel, ts: str) -> None:
    """A reaction may make a message worth a lesson."""
    session.execute(update(Message).where(Message.channel_id == channel.id, Message.ts == ts).values(examined=False))


def thread(session: Session, channel: Channel, thread_ts: str) -> list[Message]:
    """The messages of a thread that still stand, oldest first."""
    inside = Message.in_thread(thread_ts)
    stands = (Message.channel_id == channel.id, inside, Message.deleted_at.is_(None))
    return list(session.scalars(select(Message).where(*stands).order_by(Message.ts)))
