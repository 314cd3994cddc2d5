"""What Slack sends, by feature: payload in, one call, ack."""

from slack_bolt import App

from bot.desk import Desk
from bot.listeners import actions, commands, deciding, events, home, nightschool, teaching


def register(app: App, desk: Desk) -> None:
    """Attach every listener."""
    for feature in (events, commands, nightschool, deciding, actions, teaching, home):
        feature.register(app, desk)
