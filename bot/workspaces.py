"""The workspaces that the app is installed in: one by the token in the settings, others by tokens in the database, encrypted at rest."""

import os
import time
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from sqlalchemy import delete, select

from learning.database import Database, add_missing
from learning.errors import NightschoolError
from learning.memory import channels
from learning.records import Channel, Installation
from learning.settings import Settings

FRESH = 5.0  # seconds


class WorkspaceError(NightschoolError):
    """A workspace that the app is not installed in, or whose token cannot be used."""


@dataclass
class Workspaces:
    """Finds the token for whatever belongs to a workspace. Posting is not repeated by the SDK: who posts knows what was posted already."""

    settings: Settings
    database: Database
    _known: list[Installation] = field(default_factory=list)
    _read_at: float = float("-inf")

    @cached_property
    def own(self) -> AuthorizeResult:
        """The workspace of the settings' token. Raises WorkspaceError."""
        return self._introduced(self.settings.slack_bot_token.get_secret_value(), "check NIGHTSCHOOL_SLACK_BOT_TOKEN")

    def teams(self) -> list[str]:
        """Ids of all workspaces, that of the settings first; of an organisation's those in which something was heard of the app."""
        added = [installed.team_id for installed in self._installed()]
        return list(dict.fromkeys([*([] if self.own.enterprise_id else [str(self.own.team_id)]), *self._of_organisation(), *added]))

    def knows(self, *ids: str | None) -> bool:
        """Is the app installed in one of these workspaces or organisations?"""
        known = {self.own.team_id, self.own.enterprise_id, *(one for installed in self._installed() for one in (installed.team_id, installed.enterprise_id))}
        return bool((known - {None, ""}) & set(ids))

    def client(self, team_id: str) -> WebClient:
        """Speaks with a workspace's token. Raises WorkspaceError where the app is not installed."""
        installed = self._of(team_id)
        if installed is None and team_id != self.own.team_id and not self.own.enterprise_id:  # a token for an organisation is one for all its workspaces
            raise WorkspaceError(f"the app is not installed in the workspace {team_id} any more: `nightschool workspace add` takes its token.")
        return self._speaking(self._decrypted(installed) if installed else str(self.own.bot_token))

    def added_as(self, team_id: str) -> str:
        """The encrypted token that was added for a workspace, by which a replaced one is noticed; empty where the settings' token is used."""
        installed = self._of(team_id)
        return installed.token if installed else ""

    def bot_user(self, team_id: str) -> str:
        """Who the bot is in a workspace."""
        installed = self._of(team_id)
        return installed.bot_user_id if installed else str(self.own.bot_user_id)

    def authorize(self, team_id: str | None) -> AuthorizeResult:
        """For Bolt: whose token a request is answered with. It asks this first; strangers are refused right after, by `transport`."""
        installed = self._of(team_id or "")
        if installed is None:
            return self.own
        token, who = self._decrypted(installed), (installed.enterprise_id or None, installed.team_id)
        return AuthorizeResult(enterprise_id=who[0], team_id=who[1], bot_token=token, bot_user_id=installed.bot_user_id, bot_id=installed.bot_id)

    def install(self, token: str) -> str:
        """Keep a workspace's token, in place of an earlier one; the workspace's id. Raises WorkspaceError when Slack refuses it."""
        who = self._introduced(token, "copy it again from the app's page")
        if who.team_id == self.own.team_id:
            raise WorkspaceError(f"{who.team_id} is the workspace of NIGHTSCHOOL_SLACK_BOT_TOKEN: put the new token there, and start `nightschool up` again.")
        new = {"team_id": str(who.team_id), "enterprise_id": who.enterprise_id or "", "bot_user_id": str(who.bot_user_id), "bot_id": str(who.bot_id)}
        with self.database.write() as session:
            add_missing(session, Installation, [new | {"token": ""}])
            kept = session.get_one(Installation, new["team_id"])
            kept.enterprise_id, kept.bot_user_id, kept.bot_id = new["enterprise_id"], new["bot_user_id"], new["bot_id"]
            kept.token = self._key.encrypt(token.encode()).decode()
        self._read_at = float("-inf")
        return new["team_id"]

    def remove(self, team_id: str) -> bool:
        """Forget a workspace's token; its channels have no nights any more. False, and nothing done, when there was none."""
        with self.database.write() as session:
            gone = session.execute(delete(Installation).where(Installation.team_id == team_id).returning(Installation.team_id)).first() is not None
            for channel in session.scalars(select(Channel).where(Channel.team_id == team_id)) if gone else ():
                channels.leave(channel)
        self._read_at = float("-inf")
        return gone

    def _of_organisation(self) -> list[str]:
        if not self.own.enterprise_id:
            return []
        with self.database.read() as session:
            return list(
                session.scalars(
                    select(Channel.team_id)
                    .where(Channel.enterprise_id == self.own.enterprise_id, Channel.left_at.is_(None))
                    .distinct()
                    .order_by(Channel.team_id)
                )
            )

    def _introduced(self, token: str, what_to_do: str) -> AuthorizeResult:
        try:
            me = self._speaking(token).auth_test()
        except (SlackClientError, OSError, ValueError) as error:  # the last where the token is none
            raise WorkspaceError(f"Slack refused the bot token, or does not answer ({error}): {what_to_do}.") from None
        organisation = me.get("enterprise_id") if me.get("is_enterprise_install") else None  # each workspace of one tells its name, too
        return AuthorizeResult(enterprise_id=organisation, team_id=me["team_id"], bot_token=token, bot_user_id=me["user_id"], bot_id=me.get("bot_id", ""))

    def _speaking(self, token: str) -> WebClient:
        return WebClient(token, base_url=self.settings.slack_api_url, retry_handlers=[])

    def _of(self, team_id: str) -> Installation | None:
        if team_id != self.own.team_id and all(installed.team_id != team_id for installed in self._installed()):
            self._read_at = float("-inf")  # perhaps it was added just now
        return next((installed for installed in self._installed() if installed.team_id == team_id != self.own.team_id), None)

    def _installed(self) -> list[Installation]:
        """Read anew every few seconds: each request asks for them more than once, and they seldom change."""
        if time.monotonic() - self._read_at > FRESH:
            with self.database.read() as session:
                self._known = list(session.scalars(select(Installation).order_by(Installation.team_id)))
            self._read_at = time.monotonic()
        return self._known

    def _decrypted(self, installed: Installation) -> str:
        try:
            return self._key.decrypt(installed.token.encode()).decode()
        except InvalidToken:
            raise WorkspaceError(
                f"the token of workspace {installed.team_id} was encrypted with another key: set NIGHTSCHOOL_TOKEN_KEY to that one, or add the workspace again."
            ) from None

    @cached_property
    def _key(self) -> Fernet:
        """Of the settings; else one of its own in the data folder, that only its owner can read."""
        given = self.settings.token_key.get_secret_value()
        if not given:
            file = self.settings.home / "token.key"
            try:
                with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
                    new.write(Fernet.generate_key().decode())
            except FileExistsError:
                pass
            given = file.read_text().strip()
        try:
            return Fernet(given)
        except ValueError:
            raise WorkspaceError("NIGHTSCHOOL_TOKEN_KEY is no key: it takes 32 bytes in URL-safe base64, as `nightschool workspace key` prints.") from None
