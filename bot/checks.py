"""What `doctor` and `status` look at."""

import re
import shutil
from collections.abc import Set
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import redis
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import outages, supervisor
from learning import registry
from learning.database import open_database
from learning.errors import NightschoolError
from learning.memory import channels, lessons, privacy, proposals
from learning.model import running
from learning.model.base_model import prepare
from learning.model.client import Client
from learning.records import UNFINISHED, Channel, Night, Question, Work
from learning.school import School
from learning.settings import Settings

ROOM = 2 * 1024**3  # bytes free that nights want
SCOPES = {  # of the manifests
    "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands", "groups:history", "groups:read", "im:history",
    "reactions:read", "users:read",
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One finding; `needed` is false for what only the bot in Slack needs."""

    name: str
    ok: bool
    detail: str
    needed: bool = True


def all_checks(settings: Settings) -> list[Check]:
    """Everything, in the order in which it is needed."""
    return [_disk(settings), _database(settings), _model(settings), _engine(settings), _broker(settings), _slack(settings)]


def assert_tokens(settings: Settings) -> None:
    """Raises NightschoolError when the bot could not speak to Slack."""
    found = _tokens(settings)
    if not found.ok:
        raise NightschoolError(found.detail)


def assert_bot_token(settings: Settings) -> None:
    """Raises NightschoolError when there is no token to ask Slack with."""
    if not settings.slack_bot_token.get_secret_value().startswith("xoxb-"):
        raise NightschoolError("missing or wrong: NIGHTSCHOOL_SLACK_BOT_TOKEN (xoxb-…); README says where to get it.")


def assert_welcome(settings: Settings) -> None:
    """Raises NightschoolError where Slack refuses a token, or a broker that was named is not there; a Slack that does not answer is waited for later."""
    for found in (_accepted(settings), *([_broker(settings)] if settings.redis_url else [])):
        if not found.ok:
            raise NightschoolError(found.detail)


def channels_status(school: School) -> list[dict[str, Any]]:
    """One row a channel."""
    with school.database.read() as session:
        return [channel_status(session, channel) for channel in session.scalars(select(Channel).order_by(Channel.id))]


def channel_status(session: Session, channel: Channel) -> dict[str, Any]:
    """What a channel knows and what is going on."""
    known, unproven = lessons.in_force(session, channel), lessons.unproven(session, channel)
    serving = registry.serving(session, channel)
    told = (Night.state == Work.SKIPPED, Night.id.desc())  # a night that was skipped tells less than the one before it
    night = session.scalars(select(Night).where(Night.channel_id == channel.id).order_by(*told)).first()
    went = f"{night.kind}: {night.verdict or night.stage or night.state}{f' ({night.error})' if night.error else ''}" if night else None
    open_questions = (Question.channel_id == channel.id, Question.state.in_(UNFINISHED))
    return {
        "channel": channel.slack_id, "name": channel.name, "lessons": len(known), "in_weights": len(known) - len(unproven),
        "proposed": len(proposals.pending(session, channel)), "learns_from_messages": not privacy.why_not(session, channel),
        "serving": serving.name if serving else None, "night": went,
        "clock": str(channels.clock(session, channel)), "waiting_questions": session.scalar(select(func.count()).select_from(Question).where(*open_questions)),
    }  # fmt: skip


def _disk(settings: Settings) -> Check:
    settings.make_home()
    free = shutil.disk_usage(settings.home).free
    return Check("disk", free > ROOM, f"{free / 1024**3:.1f} GiB free in {settings.home}" + ("" if free > ROOM else ": a night wants 2 GiB; make room"))


def _database(settings: Settings) -> Check:
    try:
        open_database(settings)
    except NightschoolError as error:
        return Check("database", False, str(error))
    kind = "PostgreSQL or other, as named" if settings.database_url else "SQLite: one host, one bot; name another in NIGHTSCHOOL_DATABASE_URL for more"
    return Check("database", True, kind)


def _model(settings: Settings) -> Check:
    try:
        base = prepare(settings.base_model, settings.cache)
    except NightschoolError as error:
        return Check("base model", False, str(error))
    return Check("base model", True, f"{base.name} in {base.folder}, LoRA on layers {base.shape.first_layer} to {base.shape.layers - 1}")


def _engine(settings: Settings) -> Check:
    url = settings.engine_url or running.announced(settings)
    if url and Client(url).ready():
        return Check("engine", True, f"answers at {url}")
    return Check(
        "engine",
        False,
        f"none at {url}: start it, or unset NIGHTSCHOOL_ENGINE_URL"
        if settings.engine_url
        else "not running; `nightschool up` starts it, commands start their own",
        bool(settings.engine_url),
    )


def _broker(settings: Settings) -> Check:
    url = supervisor.broker_url(settings)
    if not url:
        return Check("broker", False, "not running; `nightschool up` starts an embedded Valkey", needed=False)
    where = re.sub(r"//[^/]*@", "//", url)  # without its password
    try:
        redis.Redis.from_url(url, socket_connect_timeout=2).ping()
    except (redis.RedisError, ValueError) as error:  # the latter where it is no address
        mend = "start it, or unset NIGHTSCHOOL_REDIS_URL" if settings.redis_url else "`nightschool up` starts it anew"
        return Check("broker", False, f"{where} does not answer ({type(error).__name__}): {mend}", bool(settings.redis_url))
    return Check("broker", True, f"answers at {where}")


def _slack(settings: Settings) -> Check:
    found = _tokens(settings)
    return _accepted(settings, SCOPES) if found.ok else found


def _tokens(settings: Settings) -> Check:
    second = ("SLACK_SIGNING_SECRET", settings.slack_signing_secret, "") if settings.http_port else ("SLACK_APP_TOKEN", settings.slack_app_token, "xapp-")
    wanted = [("SLACK_BOT_TOKEN", settings.slack_bot_token, "xoxb-"), second]
    given = [(name, secret.get_secret_value(), prefix) for name, secret, prefix in wanted]
    written = {name: re.fullmatch(rf"{prefix}[!-~]+", value) for name, value, prefix in given}  # without blanks, or the "…" of README
    wrong = [f"NIGHTSCHOOL_{name}{f' ({prefix}…)' if prefix else ''}" for name, _, prefix in given if not written[name]]
    if wrong:
        instead = "" if settings.http_port or not settings.slack_signing_secret.get_secret_value() else " (with the signing secret, `up --http` needs none)"
        detail = f"missing or wrong: {', '.join(wrong)}{instead}; README says where to get them. `nightschool demo` needs none."
        return Check("Slack tokens", False, detail, needed=False)
    return Check("Slack tokens", True, "both set")


def _accepted(settings: Settings, scopes: Set[str] = frozenset()) -> Check:
    """What Slack itself says of the tokens, and whether they allow what the `scopes` do."""
    lacking: Set[str] = frozenset()
    asked = {"BOT": ("auth.test", settings.slack_bot_token), "APP": ("apps.connections.open", settings.slack_app_token)}
    for name, (method, token) in asked.items():
        try:
            if not settings.http_port or name == "BOT":
                said = WebClient(token.get_secret_value(), base_url=settings.slack_api_url).api_call(method)
                granted = {key.lower(): value for key, value in said.headers.items()}.get("x-oauth-scopes", "") if name == "BOT" else ""
                lacking = scopes - set(granted.replace(" ", "").split(",")) if granted else lacking
        except SlackApiError as error:
            if outages.is_slacks(error):
                return Check("Slack tokens", True, f"both set, but {settings.slack_api_url} has an outage ({error.response['error']})")
            refused = f"Slack refuses NIGHTSCHOOL_SLACK_{name}_TOKEN ({error.response['error']}): copy it again from the app's page."
            return Check("Slack tokens", False, refused)
        except (SlackClientError, OSError, HTTPException, ValueError) as error:  # the latter two where it is no address
            return Check("Slack tokens", True, f"both set, but {settings.slack_api_url} does not answer ({error})")
    if lacking:
        mend = "replace the app's manifest by the one in manifests/slack, and install the app again"
        return Check("Slack tokens", False, f"Slack takes them, but the app was not given {', '.join(sorted(lacking))}: {mend}.")
    return Check("Slack tokens", True, "Slack takes them")
