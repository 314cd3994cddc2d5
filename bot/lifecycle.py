"""What happens to channels and people, written down: names, ids, archives, who is still there."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.events import Archived, Changed, Lifecycle, Moved, Removed, Renamed, Renumbered, Shared, Uninstalled
from learning.database import add_once
from learning.memory import channels, erasing, lessons, people, privacy, proposals, tellings, wondering
from learning.records import Announcement, Channel, now

GREETING = """Hello! I am Nightschool, and I learn this channel by heart. \
`/teach` me something, and mention me to ask for it: I can use it at once, and study it tonight.
I say where an answer comes from, and when I don't know; what you have me `/forget` is gone for good.
I keep what is said here, for follow-ups, but learn nothing from it unless a workspace admin switches that on (`/nightschool attest`, then \
`/nightschool learn on`); `/nightschool optout` keeps your messages out of both. \
`/nightschool help` shows the rest."""


def apply(session: Session, channel: Channel, event: Lifecycle, bot_user_id: str) -> None:
    """Note a change of a channel."""
    match event:
        case Renamed():
            channel.name = event.name
        case Renumbered():
            channels.renumber(session, channel, event.new_id)
        case Archived():
            channel.archived_at = now() if event.archived else None
        case Shared():
            channels.share(channel, event.external)
        case Removed():
            _remove(session, channel, bot_user_id)
        case Moved() if event.user in ("", bot_user_id):
            _moved(session, channel, event.joined)


def change(session: Session, event: Changed | Uninstalled) -> None:
    """Note what concerns no single channel: a change of a person (one who was deactivated no longer counts for the channel's clock); or that the app was
    removed: no nights, until it is installed again and sees its channels."""
    if isinstance(event, Changed):
        people.meet(session, event.team_id, [event.member])
        return
    for channel in session.scalars(select(Channel).where(Channel.team_id == event.team_id)):
        channels.leave(channel)


def _moved(session: Session, channel: Channel, joined: bool) -> None:
    """The bot greets once. Invited again, it still knows what it was taught, and the consent that was given stands."""
    if joined:
        channel.left_at = None
        add_once(session, Announcement, channel_id=channel.id, key=f"greeting-{channel.id}", text=GREETING)
    else:
        channels.leave(channel)


def _remove(session: Session, channel: Channel, by: str) -> None:
    """Of a channel that was deleted nothing is kept: its lessons are forgotten, its log is erased."""
    channels.lock(session, channel)
    channels.leave(channel)
    privacy.opt_out_channel(channel)
    proposals.drop_all(session, channel)
    tellings.drop(session, channel)
    lessons.forget(session, channel, lessons.all_kept(session, channel), by)
    erasing.erase_all(session, channel)
    wondering.tidy(session, channel)
