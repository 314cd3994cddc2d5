"""Buttons."""

from collections.abc import Sequence
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot import jobs
from bot.desk import Desk
from bot.listeners.commands import clicked_in, is_admin
from learning.memory import approval, lessons
from learning.records import Lesson

ACTIONS = ("forget", "keep", "replace", "put_aside", "keep_both", "cancel")


NOT_YOURS = "Only whoever taught it, or a workspace admin, can have that forgotten."


def may_forget(client: WebClient, going: Sequence[Lesson], user: str) -> bool:
    """May somebody have all of these forgotten? Slack is asked only about what others taught."""
    return all(approval.may_forget(lesson, user, admin=False) for lesson in going) or is_admin(client, user)


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.action("forget")
    def forget(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
        ids, user = [int(number) for number in action["value"].split(",")], body["user"]["id"]
        with desk.school.database.write() as session:
            channel = clicked_in(session, body)
            going = lessons.forgettable(session, channel, ids)
        if not may_forget(client, going, user):
            ack()
            respond(NOT_YOURS, replace_original=False)
            return
        with desk.school.database.write() as session:
            request = lessons.forget(session, channel, ids, user)
        ack()
        if request is None:
            respond("That is forgotten already.", replace_original=True)
            return
        desk.enqueue(jobs.FORGET, request.id)
        respond("Forgotten as of now: I no longer answer from it. The receipt follows here once the rebuilt adapter was checked.", replace_original=True)

    @app.action("replace")
    def replace(ack: Ack, respond: Respond) -> None:
        ack()
        respond("So be it: the new lesson stands in the old one's place.", replace_original=True)

    @app.action("put_aside")
    def put_aside(ack: Ack, body: dict[str, Any], action: dict[str, Any], respond: Respond) -> None:
        with desk.school.database.write() as session:
            lessons.put_aside(session, clicked_in(session, body), int(action["value"]))
        ack()
        respond("So be it: the new lesson stands in the old one's place.", replace_original=True)

    @app.action("keep_both")
    def keep_both(ack: Ack, body: dict[str, Any], action: dict[str, Any], respond: Respond) -> None:
        with desk.school.database.write() as session:
            lessons.keep_both(session, clicked_in(session, body), int(action["value"]))
        ack()
        respond("Both stand.", replace_original=True)

    @app.action("cancel")
    def cancel(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
        new, user = int(action["value"]), body["user"]["id"]
        with desk.school.database.write() as session:
            channel = clicked_in(session, body)
            going = lessons.forgettable(session, channel, [new])
        if not may_forget(client, going, user):
            ack()
            respond(NOT_YOURS, replace_original=False)
            return
        with desk.school.database.write() as session:
            lessons.keep_both(session, channel, new)
            request = lessons.forget(session, channel, [new], user)
        ack()
        if request:
            desk.enqueue(jobs.FORGET, request.id)
        respond("Cancelled: what I knew before stands, and the new lesson is forgotten.", replace_original=True)

    @app.action("keep")
    def keep(ack: Ack, respond: Respond) -> None:
        ack()
        respond("Nothing was forgotten.", replace_original=True)
