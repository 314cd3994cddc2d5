"""Buttons."""

from collections.abc import Callable, Sequence
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import jobs
from bot.desk import Desk
from bot.listeners.commands import clicked_in
from bot.membership import is_admin
from learning.memory import approval, lessons, settling
from learning.records import Channel, Forgetting, Lesson


class NotTheirs(Exception):
    """Somebody else taught it."""


SETTLED = "That was settled meanwhile: `/lessons` shows what holds."
NOT_YOURS_TO_SAY = "Whoever taught it, or a workspace admin, has to say that."
NOT_YOURS = "Only whoever taught it, or a workspace admin, can have that forgotten."


def gone(desk: Desk, body: dict[str, Any], client: WebClient, ids: Sequence[int], undone: bool = False) -> Forgetting | None:
    """Have lessons forgotten, as far as whoever pressed the button may; `undone`: what they had replaced holds again. None: nothing was left.

    Raises NotTheirs. Slack is asked only about what others taught, and not within a transaction.
    """
    user = body["user"]["id"]
    with desk.school.database.write() as session:
        channel = clicked_in(session, body)
        going = lessons.forgettable(session, channel, ids)
    if not all(approval.may_forget(lesson, user, admin=False) for lesson in going) and not is_admin(client, user):
        raise NotTheirs
    with desk.school.database.write() as session:
        if undone:
            settling.keep_both(session, channel, *ids)
        return lessons.forget(session, channel, ids, user)


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.action("forget")
    def forget(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
        try:
            request = gone(desk, body, client, [int(number) for number in action["value"].split(",")])
        except NotTheirs:
            ack()
            respond(NOT_YOURS, replace_original=False)
            return
        ack()
        if request is None:
            respond("That is forgotten already.", replace_original=True)
            return
        desk.enqueue(jobs.FORGET, request.id)
        respond("Forgotten as of now: I no longer answer from it. The receipt follows here once the rebuilt adapter was checked.", replace_original=True)

    def settles(name: str, settle: Callable[[Session, Channel, int], list[Lesson]], said: str) -> None:
        @app.action(name)
        def pressed(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
            ack()
            number = int(action["value"])
            user = body["user"]["id"]
            with desk.school.database.write() as session:
                channel, lesson = clicked_in(session, body), session.get_one(Lesson, number)
            if not approval.may_say(channel, lesson, user, admin=False) and not is_admin(client, user):
                respond(NOT_YOURS_TO_SAY, replace_original=False)
                return
            with desk.school.database.write() as session:
                done = settle(session, channel, number)
            respond(said if done else SETTLED, replace_original=True)

    settles("replace", settling.put_aside, "So be it: the new lesson stands in the old one's place.")
    settles("keep_both", settling.keep_both, "Both stand.")

    @app.action("cancel")
    def cancel(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
        try:
            request = gone(desk, body, client, [int(action["value"])], undone=True)
        except NotTheirs:
            ack()
            respond(NOT_YOURS, replace_original=False)
            return
        ack()
        if request:
            desk.enqueue(jobs.FORGET, request.id)
        respond("Cancelled: what I knew before stands, and the new lesson is forgotten.", replace_original=True)

    @app.action("keep")
    def keep(ack: Ack, respond: Respond) -> None:
        ack()
        respond("Nothing was forgotten.", replace_original=True)
