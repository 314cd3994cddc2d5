"""Buttons."""

from typing import Any

from slack_bolt import Ack, App, Respond

from bot import jobs
from bot.desk import Desk
from bot.listeners.commands import clicked_in
from learning.memory import lessons

ACTIONS = ("forget", "keep")


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.action("forget")
    def forget(ack: Ack, body: dict[str, Any], action: dict[str, Any], respond: Respond) -> None:
        ids = [int(number) for number in action["value"].split(",")]
        with desk.school.database.write() as session:
            request = lessons.forget(session, clicked_in(session, body), ids, body["user"]["id"])
        ack()
        if request is None:
            respond("That is forgotten already.", replace_original=True)
            return
        desk.enqueue(jobs.FORGET, request.id)
        respond("Forgotten as of now: I no longer answer from it. The receipt follows here once the rebuilt adapter was checked.", replace_original=True)

    @app.action("keep")
    def keep(ack: Ack, respond: Respond) -> None:
        ack()
        respond("Nothing was forgotten.", replace_original=True)
