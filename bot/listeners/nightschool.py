"""`/nightschool …`: consent, opting out, what was noticed in messages; and all that other commands do, whose names another app may have taken."""

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import available_timezones

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import blocks
from bot.desk import Desk
from bot.listeners import knowing
from bot.listeners.commands import channel_of, clicked_in, not_inside, noted, teach_here
from bot.membership import is_admin, is_inside
from learning.errors import NightschoolError
from learning.memory import approval, lessons, privacy, proposals
from learning.records import Channel, Lesson, Workspace

HELP = """*What I can do here*
• `/teach TEXT` tells me something; `/forget TEXT` has me forget it, for good (`/nightschool teach` and `forget` do the same)
• `/lessons`, or `/lessons WORDS`, lists what I was taught and where it is; `gaps` what I could not answer; `status`, `report`
• in threads: `@nightschool remember …`, `forget …`, `that's wrong: …`
• `/nightschool proposals` shows what I noticed in messages; admins approve or dismiss it
• `/nightschool optout` keeps your messages out of what I learn, at once; `optin` lets them in again
• admins: `/nightschool attest`, then `/nightschool learn on` in a channel, lets me notice things in its messages; `learn off` ends it
• admins: `/nightschool sleep` holds a night now; `pause` and `resume` my nights; `rollback` lets an earlier version answer
• admins: `/nightschool approval open`, `reviewed` or `admins`: who has to approve what is taught here
• admins: `/nightschool reports channel`, `admins` or `off`: who reads in the morning how my night went
• admins: `/nightschool timezone Europe/Amsterdam` sets the clock of my nights (`timezone auto`: each channel's own); `/reindex` reads a channel again"""
REPORTS = {"channel": "everybody reads them in the channel", "admins": "the channel's workspace admins read them alone", "off": "nobody does"}
ADMINS_ONLY = "Only workspace admins can do that."

Answer = tuple[str, list[blocks.Block]]
Decide = Callable[[Session, Channel, list[int]], Sequence[Lesson]]
May = Callable[[Channel, Lesson, str, bool], bool]


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    @app.command("/nightschool")
    def nightschool(ack: Ack, command: dict[str, Any], client: WebClient, respond: Respond) -> None:
        word, rest = [*command["text"].split(maxsplit=1), "", ""][:2]
        if word.lower() == "teach":
            teach_here(desk, ack, {**command, "text": rest}, client, respond)
            return
        do = SUBCOMMANDS.get(word.lower(), _help)
        rest = command["text"].strip() if word and word.lower() not in SUBCOMMANDS else rest
        if do in ADMINS and not is_admin(client, command["user_id"]):
            ack(ADMINS_ONLY)
            return
        if do in INSIDE and rest != "off":
            with desk.school.database.write() as session:
                channel = channel_of(session, command)
            if not is_inside(client, channel):
                ack(not_inside(channel))
                return
        try:
            with desk.school.database.write() as session:
                text, shown = do(session, channel_of(session, command), command["user_id"], rest.strip())
        except privacy.ConsentError as error:
            text, shown = f"Not yet: {error}", []
        except NightschoolError as error:
            text, shown = f"I could not do that: {error}", []
        ack(text=text, blocks=shown) if shown else ack(text)

    @app.command("/lessons")
    def listed(ack: Ack, command: dict[str, Any]) -> None:
        with desk.school.database.write() as session:
            text, shown = knowing.listed(session, channel_of(session, command), command["user_id"], command["text"].strip())
        ack(text=text, blocks=shown) if shown else ack(text)

    def decided(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond, decide: Decide, may: May) -> None:
        ack()
        user, number = body["user"]["id"], int(action["value"])
        admin = is_admin(client, user)
        with desk.school.database.write() as session:
            channel = clicked_in(session, body)
            proposed = next((lesson for lesson in proposals.pending(session, channel) if lesson.id == number), None)
            allowed = admin or (proposed is not None and may(channel, proposed, user, admin))
            settled = decide(session, channel, [number]) if allowed else ()
            replacing = [block for lesson in settled if lesson.status in lessons.IN_FORCE for block in noted(session, channel, lesson)[1]]
            text, shown = _proposals(session, channel, "", "")
            shown = [*replacing, *shown]
        if allowed:
            respond(text=text, blocks=shown, replace_original=True)
        else:
            others = proposed is not None and approval.by_whom(channel, proposed) != "a workspace admin"
            respond("Somebody else has to decide on that." if others else ADMINS_ONLY, replace_original=False)

    @app.action("approve")
    def approve(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
        decided(ack, body, action, client, respond, proposals.approve, approval.may_settle)

    @app.action("dismiss")
    def dismiss(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
        decided(ack, body, action, client, respond, proposals.dismiss, approval.may_dismiss)

    @app.action("attest")
    def attest(ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
        ack()
        if not is_admin(client, body["user"]["id"]):
            respond(ADMINS_ONLY, replace_original=False)
            return
        with desk.school.database.write() as session:
            privacy.attest(session, clicked_in(session, body).team_id, body["user"]["id"])
        respond("Recorded. `/nightschool learn on` in a channel lets me notice things there.", replace_original=True)


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
        return "The attestation is withdrawn: nothing more is learned from messages in this workspace.", []
    workspace = session.get(Workspace, channel.team_id)
    if workspace and workspace.attested_at:
        return f"<@{workspace.attested_by}> agreed on {workspace.attested_at:%-d %b %Y} to:\n>{workspace.attestation}", []
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


def _proposals(session: Session, channel: Channel, user: str, rest: str) -> Answer:
    """What was noticed and waits for a decision."""
    pending = proposals.pending(session, channel)
    if not pending:
        return "Nothing waits for a decision here.", blocks.plain("Nothing waits for a decision here.")
    return f"{len(pending)} things that I noticed here", blocks.proposals(pending)


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
    "help": _help, "learn": _learn, "attest": _attest, "optout": _opt_out, "optin": _opt_in, "proposals": _proposals, "timezone": _time_zone,
    "approval": _approval, "reports": _reports,
    **knowing.SUBCOMMANDS,
}  # fmt: skip
INSIDE = {_learn, knowing.sleep}  # of use only where the bot is a member
ADMINS = {_learn, _attest, _time_zone, _approval, _reports, *knowing.ADMINS}
