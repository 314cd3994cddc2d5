"""`/nightschool proposals`, and the buttons that decide on what was noticed or suggested."""

from collections.abc import Callable, Sequence
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot import blocks
from bot.desk import Desk
from bot.listeners.commands import clicked_in
from bot.membership import is_admin
from bot.noting import noted
from learning.memory import approval, lessons, proposals
from learning.records import Channel, Lesson

ADMINS_ONLY = "Only workspace admins can do that."

Decide = Callable[[Session, Channel, list[int]], Sequence[Lesson]]
May = Callable[[Channel, Lesson, str, bool], bool]


def register(app: App, desk: Desk) -> None:
    """Attach to the app."""

    def decides(button: str, decide: Decide, may: May) -> None:
        @app.action(button)
        def pressed(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond) -> None:
            ack()
            user, number = body["user"]["id"], int(action["value"])
            admin = is_admin(client, user)
            with desk.school.database.write() as session:
                channel = clicked_in(session, body)
                proposed = next((lesson for lesson in proposals.pending(session, channel) if lesson.id == number), None)
                allowed = admin or (proposed is not None and may(channel, proposed, user, admin))
                settled = decide(session, channel, [number]) if allowed else ()
                replacing = [block for lesson in settled if lesson.status in lessons.IN_FORCE for block in noted(session, channel, lesson)[1]]
                text, shown = waiting(session, channel)
            if allowed or proposed is None:  # it was settled meanwhile
                respond(text=text, blocks=[*replacing, *shown], replace_original=True)
            else:
                others = approval.by_whom(channel, proposed) != "a workspace admin"
                respond("Somebody else has to decide on that." if others else ADMINS_ONLY, replace_original=False)

    decides("approve", proposals.approve, approval.may_settle)
    decides("dismiss", proposals.dismiss, approval.may_dismiss)


def waiting(session: Session, channel: Channel, user: str = "", rest: str = "") -> tuple[str, list[blocks.Block]]:
    """What was noticed and waits for a decision."""
    pending = proposals.pending(session, channel)
    if not pending:
        return "Nothing waits for a decision here.", blocks.plain("Nothing waits for a decision here.")
    return f"{len(pending)} {'thing waits' if len(pending) == 1 else 'things wait'} for a decision here", blocks.proposals(pending)
