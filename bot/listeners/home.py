"""The Home tab: shown when it is opened, and again after each of its buttons."""

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import asides, home
from bot.desk import Desk
from bot.listeners.commands import team_of
from bot.membership import channels_of, is_admin
from learning import registry
from learning.memory import channels, privacy
from learning.records import Channel, now


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    def publish(client: WebClient, team_id: str, user_id: str) -> None:
        inside, admin = channels_of(client, team_id, user_id), is_admin(client, user_id)
        with desk.school.database.read() as session:
            view = home.view(session, team_id, user_id, inside, admin)
        client.views_publish(user_id=user_id, view=view)

    @app.event("app_home_opened")
    def opened(event: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        if event.get("tab") == "home":
            publish(client, body["team_id"], event["user"])
        elif event.get("tab") == "messages":  # somebody opens their conversation with the bot
            inside = channels_of(client, body["team_id"], event["user"])
            with desk.school.database.read() as session:
                suggested = asides.prompts(session, asides.rooms(session, body["team_id"], inside))
            client.assistant_threads_setSuggestedPrompts(channel_id=event["channel"], prompts=suggested)

    def acts(name: str, do: Callable[[Session, Channel, str], object]) -> None:
        """A button about a channel, and perhaps what was seen there: for admins who are in it."""

        @app.action(name)
        def pressed(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
            ack()
            user_id, team_id = body["user"]["id"], team_of(body)
            room, _, seen = action["value"].partition(" ")
            if is_admin(client, user_id) and room in channels_of(client, team_id, user_id):
                with desk.school.database.write() as session:
                    do(session, channels.ensure(session, team_id, room), seen)
            publish(client, team_id, user_id)

    acts("home_pause", lambda session, channel, _: setattr(channel, "paused_at", channel.paused_at or now()))
    acts("home_resume", lambda session, channel, _: setattr(channel, "paused_at", None))
    acts("home_rollback", _roll_back)

    def own(name: str, do: Callable[[Session, str, str], object]) -> None:
        """A button about oneself."""

        @app.action(name)
        def pressed(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
            ack()
            with desk.school.database.write() as session:
                do(session, team_of(body), body["user"]["id"])
            publish(client, team_of(body), body["user"]["id"])

    own("home_opt_out", privacy.opt_out)
    own("home_opt_in", privacy.opt_back_in)


def _roll_back(session: Session, channel: Channel, seen: str) -> None:
    """From the version that was `seen` to serve: whoever presses twice goes back once."""
    channels.lock(session, channel)
    serving = registry.serving(session, channel)
    if (serving.name if serving else "") == seen and registry.earlier(session, channel):
        registry.rollback(session, channel)
