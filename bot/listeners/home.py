"""The Home tab: shown when it is opened, and again after each of its buttons."""

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import home
from bot.desk import Desk
from bot.directory import CHANNELS, PAGE
from bot.listeners.commands import is_admin, team_of
from learning import registry
from learning.memory import channels, privacy
from learning.records import AdapterState, Channel, now

EVENTS = ("app_home_opened",)
ACTIONS = ("home_pause", "home_resume", "home_rollback", "home_opt_out", "home_opt_in")


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    def publish(client: WebClient, team_id: str, user_id: str) -> None:
        inside, admin = channels_of(client, user_id), is_admin(client, user_id)
        with desk.school.database.read() as session:
            view = home.view(session, team_id, user_id, inside, admin)
        client.views_publish(user_id=user_id, view=view)

    @app.event("app_home_opened")
    def opened(event: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        if event.get("tab") == "home":
            publish(client, body["team_id"], event["user"])

    def acts(name: str, do: Callable[[Session, Channel], object]) -> None:
        """A button about a channel: for admins who are in it."""

        @app.action(name)
        def pressed(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
            ack()
            user_id, team_id = body["user"]["id"], team_of(body)
            if is_admin(client, user_id) and action["value"] in channels_of(client, user_id):
                with desk.school.database.write() as session:
                    do(session, channels.ensure(session, team_id, action["value"]))
            publish(client, team_id, user_id)

    acts("home_pause", lambda session, channel: setattr(channel, "paused_at", channel.paused_at or now()))
    acts("home_resume", lambda session, channel: setattr(channel, "paused_at", None))
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


def channels_of(client: WebClient, user_id: str) -> set[str]:
    """Slack's ids of the channels that somebody shares with the bot."""
    found: set[str] = set()
    cursor = ""
    while True:
        page = client.users_conversations(user=user_id, types=CHANNELS, exclude_archived=True, limit=PAGE, cursor=cursor)
        found |= {room["id"] for room in page["channels"]}
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return found


def _roll_back(session: Session, channel: Channel) -> None:
    if any(adapter.state == AdapterState.RETIRED for adapter in registry.versions(session, channel)):
        registry.rollback(session, channel)
