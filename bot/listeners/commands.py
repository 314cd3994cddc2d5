"""Slash commands: `/teach`, `/forget`, and `/reindex` for workspace admins."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import blocks, jobs, mrkdwn
from bot.desk import Desk
from learning.memory import channels, lessons
from learning.night import nights
from learning.records import Channel, now

COMMANDS = ("/teach", "/forget", "/reindex")
ADMINS_ONLY = "Only workspace admins can rebuild a channel's adapter. Ask one of them to run `/reindex` here."


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.command("/teach")
    def teach(ack: Ack, command: dict[str, Any]) -> None:
        try:
            with desk.school.database.write() as session:
                channel = _channel(session, command)
                lesson = lessons.teach(session, channel, mrkdwn.plain(command["text"]), command["user_id"])
                lessons.note_taught(session, lesson)
        except lessons.LessonError as error:
            ack(f"I could not take that: {error}")
            return
        ack(f"Noted: {mrkdwn.escaped(lesson.text)}\nI can use it now, and will learn it by heart tonight.")

    @app.command("/forget")
    def forget(ack: Ack, command: dict[str, Any]) -> None:
        with desk.school.database.write() as session:
            channel = _channel(session, command)
            found = lessons.find(session, channel, mrkdwn.plain(command["text"]))
        if found:
            ack(text="This is what I would forget.", blocks=blocks.confirm_forget(found))
        else:
            ack("I know nothing like that here. Name the lesson by some of its words.")

    @app.command("/reindex")
    def reindex(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
        if not is_admin(client, command["user_id"]):
            ack(ADMINS_ONLY)
            return
        with desk.school.database.write() as session:
            channel = _channel(session, command)
            night = nights.open_another(session, channel, now().date(), "reindex")
        desk.enqueue(jobs.HOLD_NIGHT, night.channel_id, night.date.isoformat(), night.kind, night.occasion)
        ack("I am rebuilding this channel's adapter from everything I was taught. The present one answers until the new one passed its exam.")


def _channel(session: Session, command: dict[str, Any]) -> Channel:
    """Where the command was given; direct messages and private groups have no name of their own."""
    name = command.get("channel_name", "")
    known_as = "" if name in ("directmessage", "privategroup") else name
    return channels.ensure(session, command["team_id"], command["channel_id"], command.get("enterprise_id", ""), known_as)


def is_admin(client: WebClient, user_id: str) -> bool:
    """Is this person an admin or owner of the workspace?"""
    user = client.users_info(user=user_id)["user"]
    return bool(user.get("is_admin") or user.get("is_owner"))
