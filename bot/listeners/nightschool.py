"""`/nightschool …`: consent, opting out, what was noticed in messages; and all that other commands do, whose names another app may have taken."""

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import blocks
from bot.desk import Desk
from bot.listeners import deciding, knowing
from bot.listeners.commands import channel_of, clicked_in, not_inside, teach_here
from bot.listeners.deciding import ADMINS_ONLY
from bot.membership import is_admin, is_inside
from learning.errors import NightschoolError
from learning.memory import approval, privacy
from learning.records import Channel, Workspace

HELP = """*What I can do here*
• `/teach TEXT` tells me something; `/forget TEXT` has me forget it, for good (`/nightschool teach` and `forget` do the same)
• `/lessons`, or `/lessons WORDS`, lists what I was taught and where it is; `gaps` what I could not answer; `status`, `report`
• in threads: `@nightschool remember …`, `forget …`, `that's wrong: …`
• `/nightschool proposals` shows what waits for approval: what was taught here, and what I noticed in messages (admins approve that)
• `/nightschool optout` keeps your messages out of what I learn, at once; `optin` lets them in again
• admins: `/nightschool attest`, then `learn on` in a channel, lets me notice things in its messages; `learn off`, or `attest withdraw` for all, ends it
• admins: `/nightschool sleep` holds a night now; `pause` and `resume` my nights; `rollback` lets an earlier version answer
• admins: `/nightschool approval open`, `reviewed` or `admins`: who has to approve what is taught here
• admins: `/nightschool reports channel`, `admins` or `off`: who reads in the morning how my night went
• admins: `/nightschool timezone Europe/Amsterdam` sets the clock of my nights (`timezone auto`: each channel's own); `/reindex` reads a channel again"""
REPORTS = {"channel": "everybody reads them in the channel", "admins": "the channel's workspace admins read them alone", "off": "nobody does"}

Answer = tuple[str, list[blocks.Block]]


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.command("/nightschool")
    def nightschool(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
        word, rest = [*command["text"].split(maxsplit=1), "", ""][:2]
        if word.lower() == "teach":
            teach_here(desk, ack, {**command, "text": rest}, client)
            return
        text, shown = _carried_out(desk, command, client, word.lower(), rest.strip())
        ack(text=text, blocks=shown) if shown else ack(text)

    @app.command("/lessons")
    def listed(ack: Ack, command: dict[str, Any]) -> None:
        with desk.school.database.write() as session:
            text, shown = knowing.listed(session, channel_of(session, command), command["user_id"], command["text"].strip())
        ack(text=text, blocks=shown) if shown else ack(text)

    @app.action("attest")
    def attest(ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
        ack()
        if not is_admin(client, body["user"]["id"]):
            respond(ADMINS_ONLY, replace_original=False)
            return
        with desk.school.database.write() as session:
            privacy.attest(session, clicked_in(session, body).team_id, body["user"]["id"])
        respond("Recorded. `/nightschool learn on` in a channel lets me notice things there.", replace_original=True)


def _carried_out(desk: Desk, command: dict[str, Any], client: WebClient, word: str, rest: str) -> Answer:
    """What a subcommand answers; why not, where somebody may not give it, or it is of no use."""
    do = SUBCOMMANDS.get(word, _help)
    if do in ADMINS and not is_admin(client, command["user_id"]):
        return ADMINS_ONLY, []
    if do in INSIDE and rest != "off":
        with desk.school.database.write() as session:
            channel = channel_of(session, command)
        if not is_inside(client, channel):
            return not_inside(channel), []
    try:
        with desk.school.database.write() as session:
            return do(session, channel_of(session, command), command["user_id"], command["text"].strip() if do is _help and word != "help" else rest)
    except privacy.ConsentError as error:
        return f"Not yet: {error}", []
    except NightschoolError as error:
        return f"I could not do that: {error}", []


def _help(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    return f"I know no `/nightschool {rest}`.\n{HELP}" if rest else HELP, []


def _learn(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """Let lessons be noticed in the channel's messages, or end it."""
    if rest == "off":
        privacy.opt_out_channel(channel)
        return "I notice nothing more in this channel's messages. What was approved stays; `/forget` takes it away.", []
    if rest != "on":
        why = privacy.why_not(session, channel)
        return f"I learn from this channel's messages since {channel.learns_since:%-d %b %Y}." if not why else f"I do not learn from messages here: {why}.", []
    privacy.opt_in(session, channel, user)
    return "I notice things in this channel's messages from now on, and propose them as lessons. `/reindex` has me read what was said before.", []


def _attest(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """Show the attestation, to be agreed to by a button; or take it back."""
    if rest == "withdraw":
        privacy.withdraw(session, channel.team_id)
        return "The attestation is withdrawn: nothing more is learned from messages in this workspace. Who agrees again opts its channels in anew.", []
    workspace = session.get(Workspace, channel.team_id)
    if workspace and workspace.attested_at:
        who = workspace.attested_by or ""
        admin = f"<@{who}>" if who.startswith(("U", "W")) else "Somebody on the command line"
        return f"{admin} agreed on {workspace.attested_at:%-d %b %Y} to:\n>{workspace.attestation}", []
    return privacy.ATTESTATION, blocks.attestation(privacy.ATTESTATION)


def _opt_out(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """Leave out whoever asks."""
    forgotten = privacy.opt_out(session, channel.team_id, user)
    also = f" {forgotten} lessons that rested on them are being forgotten." if forgotten else ""
    return f"Your messages are out, as of now: I keep no text of yours in my log and learn nothing from it.{also}", []


def _opt_in(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """Let somebody in again."""
    privacy.opt_back_in(session, channel.team_id, user)
    return "Welcome back: what you write may be noticed again where the channel is opted in, and what you wrote before once its history is read.", []


def _approval(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """Who settles what is taught here."""
    if rest in approval.POLICIES:
        channel.approval = rest
    elif rest:
        return f"I know {', '.join(f'`{name}` ({what})' for name, what in approval.POLICIES.items())}.", []
    holds = approval.policy(channel)
    return f"Here it is `{holds}`: {approval.POLICIES[holds]}.", []


def _reports(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """Where the mornings' reports go."""
    if rest not in ("", *REPORTS):
        return f"I know {', '.join(f'`{name}` ({what})' for name, what in REPORTS.items())}.", []
    channel.reports = rest or channel.reports
    return f"Reports here: {REPORTS[channel.reports or 'channel']}.", []


def _time_zone(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """The clock of a workspace's nights."""
    if rest not in available_timezones() | {"auto"}:
        return f"I know no time zone {rest!r}. Name one like `Europe/Amsterdam`, or `auto`.", []
    privacy.set_time_zone(session, channel.team_id, None if rest == "auto" else rest)
    return "Nights follow each channel's members." if rest == "auto" else f"Nights fall by {rest}.", []


SUBCOMMANDS: dict[str, Callable[[Session, Channel, str, str], Answer]] = {
    "help": _help, "learn": _learn, "attest": _attest, "optout": _opt_out, "optin": _opt_in, "proposals": deciding.waiting, "timezone": _time_zone,
    "approval": _approval, "reports": _reports,
    **knowing.SUBCOMMANDS,
}  # fmt: skip
INSIDE = {_learn, knowing.sleep}  # of use only where the bot is a member
ADMINS = {_learn, _attest, _time_zone, _approval, _reports, *knowing.ADMINS}
