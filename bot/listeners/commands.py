"""Slash commands: `/teach`, `/forget`, and `/reindex` for workspace admins."""

import re
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy.orm import Session

from bot import blocks, history, instructions, jobs, mrkdwn
from bot.desk import Desk
from learning.memory import approval, channels, lessons, notes, privacy
from learning.night import nights
from learning.records import Channel, LessonStatus, now

COMMANDS = ("/teach", "/forget", "/reindex")
ADMINS_ONLY = "Only workspace admins can rebuild a channel's adapter. Ask one of them to run `/reindex` here."


NOT_INSIDE = "I am not in this channel, and could not answer here: `/invite @nightschool`, then teach me."
UNTIL_THEN = "The present adapter answers until the new one passed its exam."


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.command("/teach")
    def teach(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
        with desk.school.database.write() as session:
            channel = channel_of(session, command)
        if not is_inside(client, channel):
            ack(NOT_INSIDE)
            return
        if not command["text"].strip():
            ack()
            client.views_open(trigger_id=command["trigger_id"], view=blocks.lesson_window(channel, "What should I know?"))
            return
        admin = trusted(client, channel, command["user_id"])
        with desk.school.database.read() as session:
            for line in lines(command["text"]):
                lessons.consider(session, channel, line)
        try:
            with desk.school.database.write() as session:
                text, shown = taught(session, channel_of(session, command), command["user_id"], command["text"], admin)
        except lessons.LessonError as error:
            text, shown = f"I could not take that: {error}", []
        ack(text=text, blocks=shown) if shown else ack(text)

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
            refused = privacy.why_not(session, channel)
            if refused:
                night = nights.open_another(session, channel, now().date(), "reindex")
            else:
                reading, new = history.ask_for(session, channel, command["user_id"])
        if refused:
            desk.enqueue(jobs.HOLD_NIGHT, night.channel_id, night.date.isoformat(), night.kind, night.occasion)
            ack(f"I am rebuilding this channel's adapter from everything I was taught. I do not read its messages: {refused}. {UNTIL_THEN}")
        else:
            desk.enqueue(jobs.REINDEX, reading.id)
            ack(f"{'I am reading' if new else 'I am already reading'} this channel's history, and rebuilding its adapter after that. {UNTIL_THEN}")


def is_inside(client: WebClient, channel: Channel) -> bool:
    """Is the bot a member? Slack is asked where that is not known."""
    if channel.slack_id.startswith("D") or (channel.members and not channel.left_at):
        return True
    try:
        return bool(client.conversations_info(channel=channel.slack_id)["channel"].get("is_member"))
    except SlackApiError:  # a private channel that it cannot see
        return False


def trusted(client: WebClient, channel: Channel, user_id: str) -> bool:
    """Does what this person teaches need nobody else? Slack is asked only where that matters."""
    return approval.policy(channel) == "open" or is_admin(client, user_id)


def taught(session: Session, channel: Channel, user: str, text: str, admin: bool) -> tuple[str, list[blocks.Block]]:
    """Take a lesson, and say so; where it takes another's place, or may do so, both are shown. Of many lines each is a lesson. Raises LessonError."""
    told = lines(text)
    if len(told) > 1:
        made = [lessons.teach(session, channel, each, user, admin=admin) for each in told]
        for lesson in made:
            notes.note_taught(session, lesson)
        return "\n".join(mrkdwn.escaped(instructions.noted(session, lesson)) for lesson in made), []
    lesson = lessons.teach(session, channel, mrkdwn.plain(text), user, admin=admin)
    notes.note_taught(session, lesson)
    said = mrkdwn.escaped(instructions.noted(session, lesson))
    done = bool(lessons.replaced(session, lesson))
    asks = done or (lesson.status != LessonStatus.PROPOSED and lessons.contradicting(session, channel, lesson))
    return said, blocks.replacing(said, lesson, done) if asks else []


def lines(text: str) -> list[str]:
    """What is taught by many lines, a lesson each; an answer (`A: …`) belongs to the question above it."""
    told = [mrkdwn.plain(re.sub(r"^\s*[-*•]\s+", "", line)) for line in re.sub(r"\s*\n\s*(?=A:)", " ", text).splitlines()]
    return [line for line in told if line]


def to_forget(session: Session, channel: Channel, text: str) -> tuple[str, list[blocks.Block]]:
    """What would be forgotten, to be confirmed."""
    found = lessons.find(session, channel, mrkdwn.plain(text))
    if not found:
        return "I know nothing like that here. Name the lesson by some of its words.", []
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


def is_admin(client: WebClient, user_id: str) -> bool:
    """Is this person an admin or owner of the workspace?"""
    user = client.users_info(user=user_id)["user"]
    return bool(user.get("is_admin") or user.get("is_owner")) and not user.get("deleted")
