"""Events: what is said, reacted to and changed is recorded, then acknowledged; the question queue does the rest."""

from typing import Any

from slack_bolt import App

from bot.desk import Desk
from bot.events import AGENT, LIFECYCLE, MESSAGES, REACTIONS

EVENTS = (*MESSAGES, *REACTIONS, *AGENT, *LIFECYCLE)


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    def take(body: dict[str, Any]) -> None:
        desk.take(body)

    for event in EVENTS:
        app.event(event)(take)
