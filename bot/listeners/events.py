"""Events: mentions, messages, edits, deletions and reactions are recorded, then acknowledged; the question queue does the rest."""

from typing import Any

from slack_bolt import App

from bot.desk import Desk

EVENTS = ("app_mention", "message", "reaction_added", "reaction_removed")


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    def take(body: dict[str, Any]) -> None:
        desk.take(body)

    for event in EVENTS:
        app.event(event)(take)
