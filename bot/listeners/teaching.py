"""Votes on answers, and the window in which a lesson is written: after 👎, where the bot did not know, from a message, or by an empty `/teach`."""

import json
from contextlib import suppress
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import asides, blocks, instructions, messages, mrkdwn
from bot.desk import Desk
from bot.listeners.commands import clicked_in, not_inside
from bot.membership import channels_of, is_inside, trusted
from bot.noting import noted
from learning.memory import channels, lessons, log, notes, people, proposals, settling, sources
from learning.memory.statements import LessonError
from learning.records import Channel, Lesson, Question

OPTED_OUT = "Whoever wrote that has opted out: I learn nothing from their messages."


def register(app: App, desk: Desk) -> None:
    """Attach to the app. Windows open here, not in a job: Slack allows three seconds."""

    @app.action("feedback")
    def feedback(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        with desk.school.database.write() as session:
            channel = clicked_in(session, body)
            log.vote(session, channel, body["message"]["ts"], body["user"]["id"], action["value"] == blocks.GOOD)
            room, asked = _answered_by(session, channel, body["message"]["ts"])
        ack()
        if action["value"] == blocks.BAD:
            client.views_open(trigger_id=body["trigger_id"], view=blocks.lesson_window(room, "What should I have said?", asked, aside=room is not channel))

    @app.action("teach_me")
    def teach_me(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        with desk.school.database.write() as session:
            channel = clicked_in(session, body)
            room, asked = _answered_by(session, channel, body["message"]["ts"])
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=blocks.lesson_window(room, "What should I know?", asked, aside=room is not channel))

    @app.shortcut("teach_this")
    def teach_this(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        with desk.school.database.write() as session:
            channel = clicked_in(session, body)
            names = people.names(session, channel.team_id)
            out = log.out_of(session, channel, [body["message"].get("user", "")])
        ack()
        if out or not is_inside(client, channel):
            client.views_open(trigger_id=body["trigger_id"], view=blocks.told_window(OPTED_OUT if out else not_inside(channel)))
            return
        said = mrkdwn.plain(body["message"].get("text", ""), desk.workspaces.bot_user(channel.team_id), names, links=True)
        source = messages.utterance(body["message"])
        window = blocks.lesson_window(channel, "What should I know?", written=said, source=source.ts, edited=source.edited_ts or "")
        client.views_open(trigger_id=body["trigger_id"], view=window)
        if messages.is_kept(body["message"]):  # it may be older than the bot is here: what becomes of it is to reach what is taught from it
            with desk.school.database.write() as session:
                sources.heard(session, session.get_one(Channel, channel.id), [source], off_record=True)

    @app.view("lesson")
    def written(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        where = json.loads(view["private_metadata"])
        text = (view["state"]["values"]["lesson"]["text"]["value"] or "").strip()  # as typed: it holds no markup of Slack's
        author = body["user"]["id"]
        with desk.school.database.write() as session:
            channel = channels.ensure(session, where["team"], where["channel"], where["enterprise"])
        left = where["aside"] and channel.slack_id not in channels_of(client, channel.team_id, author)
        if left:  # since it was asked about in a direct message
            ack(response_action="errors", errors={"lesson": "You are not in that channel any more."})
            return
        admin = trusted(client, desk.school.database, channel, author)  # may ask Slack: not within a transaction
        with desk.school.database.read() as session:
            settling.consider(session, channel, instructions.with_question(where["asked"], text))
        try:
            with desk.school.database.write() as session:
                channels.lock(session, channel)
                _assert_there(session, channel, where.get("source"), where.get("edited", ""))
                newest = session.scalar(select(func.max(Lesson.id))) or 0
                lesson = lessons.teach(session, channel, instructions.with_question(where["asked"], text), author, admin=admin)
                if where.get("source") and lesson.id > newest:  # what was known already does not rest on the message
                    proposals.rest(session, lesson, [where["source"]])
                notes.note_taught(session, lesson, author)
                said, shown = noted(session, channel, lesson)
        except LessonError as error:
            ack(response_action="errors", errors={"lesson": str(error)})
            return
        ack()
        if shown:  # it takes another's place, or may do so
            with suppress(SlackApiError, OSError):  # it was taken, whether that can be told or not
                client.chat_postEphemeral(channel=channel.slack_id, user=author, text=said, blocks=shown)


def _assert_there(session: Session, channel: Channel, source: str | None, edited: str) -> None:
    """Raises LessonError where the message that a lesson is taught from was deleted or edited, or its author opted out, while the window was open."""
    message = log.get(session, channel, source) if source else None
    if message and message.deleted_at:
        raise LessonError("that message was deleted meanwhile.")
    if message and (message.edited_ts or "") > edited:
        raise LessonError("that message was edited meanwhile: look at it again.")
    if message and log.out_of(session, channel, [message.author]):
        raise LessonError(OPTED_OUT)


def _answered_by(session: Session, channel: Channel, reply_ts: str) -> tuple[Channel, str]:
    """The channel whose lessons a reply came from, and the question that it answered; nothing where its text is not kept."""
    question = session.query(Question).filter_by(channel_id=channel.id, reply_ts=reply_ts).one_or_none()
    if question is None:
        return channel, ""
    room = session.get(Channel, (question.answer or {}).get("room") or channel.id) or channel
    return room, asides.named(question.text)[1] if room is not channel else question.text
