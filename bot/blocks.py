"""What the bot's messages look like: Block Kit."""

from collections.abc import Sequence
from typing import Any

from bot import mrkdwn
from learning.answers import Answer
from learning.records import Lesson

Block = dict[str, Any]
MOST_PROPOSALS = 10  # shown at once


def answer(said: Answer) -> list[Block]:
    """An answer with a quiet line that says where it comes from."""
    return [section(mrkdwn.escaped(said.answer)), context(origin(said))]


def origin(said: Answer) -> str:
    """Where an answer comes from, in one line: the adapter or short-term memory, the source, and what it cost."""
    cost = f"{said.prompt_tokens} prompt tokens"
    match said.how:
        case "weights":
            return f":brain: from my weights, `{said.adapter}` · {source(said.sources[0])} · {cost}"
        case "recall":
            return f":spiral_note_pad: looked up in what I was taught · {source(said.sources[0])} · {cost}"
        case "general":
            return ":globe_with_meridians: general knowledge, not from this channel"
        case _:
            return "Teach me with `/teach`, and I will study it tonight."


def source(lesson: Lesson) -> str:
    """A citation: a link to where the lesson was taught, or who taught it when."""
    if lesson.permalink:
        return f"<{lesson.permalink}|source>"
    taught_by = f"<@{lesson.author}>" if lesson.author[:1] in "UW" else lesson.author
    return f"taught by {taught_by} on {lesson.created_at:%-d %b %Y}"


def confirm_forget(lessons: Sequence[Lesson]) -> list[Block]:
    """What was found, and whether it shall go."""
    found = "\n".join(f"• {mrkdwn.escaped(lesson.text)}" for lesson in lessons)
    ids = ",".join(str(lesson.id) for lesson in lessons)
    return [section(f"This is what I would forget:\n{found}"), actions(button("forget", "Forget", ids, "danger"), button("keep", "Keep", ids))]


def proposals(pending: Sequence[Lesson]) -> list[Block]:
    """Lessons that were noticed, each with a decision to make."""
    shown: list[Block] = []
    for lesson in pending[:MOST_PROPOSALS]:
        said = f"*{mrkdwn.escaped(lesson.question)}*\n{mrkdwn.escaped(lesson.text)}" if lesson.question else mrkdwn.escaped(lesson.text)
        until = f" · until {lesson.valid_until:%-d %b %Y}" if lesson.valid_until else ""
        shown += [section(said), context(f"{lesson.origin} · {source(lesson)}{until}")]
        shown.append(actions(button("approve", "Approve", str(lesson.id), "primary"), button("dismiss", "Dismiss", str(lesson.id))))
    more = len(pending) - MOST_PROPOSALS
    return [*shown, context(f"and {more} more")] if more > 0 else shown


def attestation(wording: str) -> list[Block]:
    """What an admin has to agree to before anything is learned from messages."""
    return [section(mrkdwn.escaped(wording)), actions(button("attest", "I agree", "attest", "primary"))]


def plain(content: str) -> list[Block]:
    """Nothing but a line."""
    return [section(content)]


def actions(*buttons: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(action: str, label: str, value: str, style: str = "") -> Block:
    """A button; Slack knows the styles `primary` and `danger`."""
    made: Block = {"type": "button", "action_id": action, "value": value, "text": text(label)}
    return made | {"style": style} if style else made


def section(content: str) -> Block:
    """A paragraph of mrkdwn; Slack takes 3,000 characters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": content[:3000]}}


def context(content: str) -> Block:
    """A quiet line."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": content[:3000]}]}


def text(content: str) -> Block:
    """A label."""
    return {"type": "plain_text", "text": content}
