"""Slash commands: `/teach`, `/forget`, and `/reindex` for workspace admins."""

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import blocks, history, jobs, mrkdwn
from bot.desk import Desk
from bot.membership import is_admin, is_inside, trusted
from bot.noting import as_told, taken
from learning.memory import channels, finding, people, privacy, settling, statements, tellings
from learning.night import nights
from learning.records import Channel, Telling, now

ADMINS_ONLY = "Only workspace admins can rebuild a channel's adapter. Ask one of them to run `/reindex` here."


NOT_INSIDE = "I am not in this channel, and could not answer here: `/invite @nightschool` first."
NOT_MINE = "I cannot read this conversation, and could not answer here. Teach me in a channel, or in a message to me alone."
NO_LESSON = "There is nothing to learn in that: write a statement, such as `/teach The release train leaves on Thursdays.`"
FEW, SHORT = 5, 1_000  # lessons, and characters, that are taken within the time in which Slack wants to hear of a command
UNTIL_THEN = "The present adapter answers until the new one passed its exam."


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.command("/teach")
    def teach(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
        teach_here(desk, ack, command, client)

    @app.command("/forget")
    def forget(ack: Ack, command: dict[str, Any]) -> None:
        with desk.school.database.write() as session:
            text, shown = to_forget(session, channel_of(session, command), command["text"])
        ack(text=text, blocks=shown) if shown else ack(text)

    @app.command("/reindex")
    def reindex(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
        if not is_admin(client, command["user_id"]):
            ack(ADMINS_ONLY)
            return
        with desk.school.database.write() as session:
            channel = channel_of(session, command)
        if not is_inside(client, channel):
            ack(not_inside(channel))
            return
        with desk.school.database.write() as session:
            channel = channel_of(session, command)
            refused = privacy.why_not(session, channel)
            if refused:
                night = nights.open_another(session, channel, now().date(), "reindex")
            else:
                reading, new = history.ask_for(session, channel, command["user_id"])
        if refused:
            desk.enqueue(jobs.HOLD_NIGHT, night.id)
            ack(f"I am rebuilding this channel's adapter from everything I was taught. I do not read its messages: {refused}. {UNTIL_THEN}")
        else:
            desk.enqueue(jobs.REINDEX, reading.id)
            ack(f"{'I am reading' if new else 'I am already reading'} this channel's history, and rebuilding its adapter after that. {UNTIL_THEN}")


def teach_here(desk: Desk, ack: Ack, command: dict[str, Any], client: WebClient) -> None:
    """Take what a command says as lessons of the channel where it was given; where it says nothing, open a window for it.

    Many lines take longer than the three seconds that Slack waits: then they are kept, it is told at once that they are being read, and what was noted
    comes later (noting.py).
    """
    with desk.school.database.write() as session:
        channel = channel_of(session, command)
        names = people.names(session, channel.team_id)
    if not is_inside(client, channel):
        ack(not_inside(channel))
        return
    if not command["text"].strip():
        ack()
        client.views_open(trigger_id=command["trigger_id"], view=blocks.lesson_window(channel, "What should I know?"))
        return
    told = lines(command["text"], names)
    if not told:
        ack(NO_LESSON)
        return
    with desk.school.database.write() as session:
        ours = channel_of(session, command)
        waits = len(told) > FEW or len(command["text"]) > SHORT or tellings.waiting(session, ours)  # what was told before comes first
        if waits:
            session.add(Telling(channel_id=ours.id, author=command["user_id"], lines=told, respond_to=command["response_url"]))
    if waits:
        desk.noting.wake()
        ack(f"I am reading {f'these {len(told)} lessons' if len(told) > 1 else 'that'} …")
        return
    admin = trusted(client, desk.school.database, channel, command["user_id"])
    with desk.school.database.read() as session:
        settling.consider(session, channel, *told)
    with desk.school.database.write() as session:
        channel = channel_of(session, command)
        text, shown = as_told(session, channel, [taken(session, channel, command["user_id"], line, admin) for line in told])
    ack(text=text, blocks=shown) if shown else ack(text)


def not_inside(channel: Channel) -> str:
    """Why nothing is done where the bot is not."""
    return NOT_MINE if channel.is_direct or channel.is_group else NOT_INSIDE


def lines(text: str, names: Mapping[str, str]) -> list[str]:
    """What is taught by many lines, a lesson each, as people read it. `names` of people, by id."""
    return [said for line in statements.lines(text) if (said := mrkdwn.plain(line, names=names, links=True))]


def to_forget(session: Session, channel: Channel, text: str) -> tuple[str, list[blocks.Block]]:
    """What would be forgotten, to be confirmed."""
    found = finding.find(session, channel, mrkdwn.plain(text, names=people.names(session, channel.team_id)))
    if not found:
        reading = " I am still reading what I was just taught: try again in a moment." if tellings.waiting(session, channel) else ""
        return f"I know nothing like that here. Name the lesson by some of its words.{reading}", []
    return "This is what I would forget.", blocks.confirm_forget(found)


def channel_of(session: Session, command: dict[str, Any]) -> Channel:
    """Where the command was given; direct messages and private groups have no name of their own."""
    name = command.get("channel_name", "")
    known_as = "" if name in ("directmessage", "privategroup") else name
    return channels.ensure(session, command["team_id"], command["channel_id"], command.get("enterprise_id") or "", known_as)


def clicked_in(session: Session, body: dict[str, Any]) -> Channel:
    """Where a button was pressed."""
    return channels.ensure(session, team_of(body), body["channel"]["id"], (body.get("enterprise") or {}).get("id", ""))


def team_of(body: dict[str, Any]) -> str:
    """The workspace of an interaction; where the app is installed for a whole organisation, it may stand with the user alone."""
    return str((body.get("team") or {}).get("id") or body["user"]["team_id"])
