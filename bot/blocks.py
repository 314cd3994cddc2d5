"""What the bot's messages look like: Block Kit."""

from collections.abc import Sequence
from typing import Any

from bot import mrkdwn
from learning.answers import Answer
from learning.records import Lesson

Block = dict[str, Any]


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
            return f":spiral_note_pad: from recent notes, not learned yet · {source(said.sources[0])} · {cost}"
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
    return [
        section(f"This is what I would forget:\n{found}"),
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "forget", "style": "danger", "value": ids, "text": text("Forget")},
                {"type": "button", "action_id": "keep", "value": ids, "text": text("Keep")},
            ],
        },
    ]


def section(content: str) -> Block:
    """A paragraph of mrkdwn; Slack takes 3,000 characters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": content[:3000]}}


def context(content: str) -> Block:
    """A quiet line."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": content[:3000]}]}


def text(content: str) -> Block:
    """A label."""
    return {"type": "plain_text", "text": content}
