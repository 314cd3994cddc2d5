"""What the bot's messages look like: Block Kit."""

import json
from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from bot import mrkdwn
from learning.answers import Answer
from learning.memory.statements import LONGEST
from learning.records import Channel, Lesson, LessonStatus

Block = dict[str, Any]
MOST = 50  # blocks of a message; Slack refuses more
MOST_PROPOSALS = 10  # shown at once
MOST_ASKED = 500  # characters of a question that a window carries along
MOST_QUOTED = 300  # characters of a lesson that may have been meant
LIKELY = 0.0  # nats of log-odds
GOOD, BAD = "good", "bad"  # votes on an answer


def answer(said: Answer, names: Mapping[str, str]) -> list[Block]:
    """An answer with a quiet line that says where it comes from, and buttons to vote; or to teach what is not known. `names` of people, by id."""
    match said.how:
        case "noted":
            return replacing(mrkdwn.escaped(said.answer), said.sources[0], said.settle) if said.settle else paragraphs(said.answer)
        case "asked_back":
            return confirm_forget(said.sources)
    return [*paragraphs(said.answer), *below(said, names)]


def below(said: Answer, names: Mapping[str, str]) -> list[Block]:
    """What stands below an answer: where it comes from, and what may be done about it."""
    return [context(origin(said, names)), actions(button("teach_me", "Teach me", "teach")) if said.abstained else feedback()]


def feedback() -> Block:
    """Thumbs up or down."""
    up, down = ({"text": text(label), "accessibility_label": told, "value": value} for label, told, value in (("👍", "Right", GOOD), ("👎", "Wrong", BAD)))
    return {
        "type": "context_actions",
        "elements": [{"type": "feedback_buttons", "action_id": "feedback", "positive_button": up, "negative_button": down}],
    }


def lesson_window(channel: Channel, label: str, asked: str = "", written: str = "", aside: bool = False, source: str = "", edited: str = "") -> Block:
    """A window to write a lesson in; `asked` is the question that it answers, `aside` in a direct message, `written` what stands there already, from the
    message `source` (its ts) as it was `edited` last."""
    where = {"team": channel.team_id, "enterprise": channel.enterprise_id, "channel": channel.slack_id, "asked": asked[:MOST_ASKED], "aside": aside}
    where |= {"source": source, "edited": edited} if source else {}
    room_left = LONGEST - (len(f"Q: {asked[:MOST_ASKED]} A: ") if asked else 0)
    entry: Block = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": room_left}
    entry |= {"initial_value": written[:room_left]} if written else {}
    shown = [context(f"Asked: {mrkdwn.escaped(asked)}")] if asked else []
    room = f"#{channel.name}" if channel.name else "the channel"
    hint = f"One statement that stands by itself. {'It stays between us.' if channel.is_direct else f'Everybody in {room} will see it.'}"
    return {
        "type": "modal", "callback_id": "lesson", "title": text("Teach Nightschool"), "submit": text("Teach"), "close": text("Cancel"),
        "private_metadata": json.dumps(where, ensure_ascii=False),
        "blocks": [*shown, {"type": "input", "block_id": "lesson", "label": text(label), "hint": text(hint), "element": entry}],
    }  # fmt: skip


def told_window(said: str) -> Block:
    """A window that only says something."""
    return {"type": "modal", "title": text("Nightschool"), "close": text("Close"), "blocks": [section(said)]}


def origin(said: Answer, names: Mapping[str, str]) -> str:
    """Where an answer comes from, in one line: the adapter or short-term memory, the source, and what it cost."""
    cost = f"{said.prompt_tokens} prompt tokens" if said.prompt_tokens else "word for word"
    match said.how:
        case "weights":
            return f":brain: from my weights, `{said.adapter}` · {source(said.sources[0])} · {cost}"
        case "recall":
            return f":spiral_note_pad: looked up in what I was taught · {source(said.sources[0])} · {cost}"
        case "general":
            return ":globe_with_meridians: general knowledge, not from this channel"
        case _:
            return f"{_nearby(said, names)}Teach me, and I will study it tonight."


def _nearby(said: Answer, names: Mapping[str, str]) -> str:
    """The lesson that is likelier than not what was meant, as a quotation; of a further one, who may know more. Nobody is pinged."""
    if not said.near:
        return ""
    knows = mrkdwn.escaped(names.get(said.near.author, ""))
    if said.certainty > LIKELY:
        quoted = mrkdwn.escaped(shorten(said.near.text, MOST_QUOTED, placeholder="…"))
        return f"The nearest thing that I was taught{f' (by {knows})' if knows else ''}: “{quoted}” "
    return f"{knows} taught me something near that, and may know. " if knows else ""


def source(lesson: Lesson) -> str:
    """A citation: a link to where the lesson was taught, or who taught it when."""
    if lesson.permalink:
        return f"<{lesson.permalink}|source>"
    taught = f"taught by <@{lesson.author}>" if lesson.author.startswith(("U", "W")) else "taught on the command line"
    return f"{taught} on {lesson.created_at:%-d %b %Y}"


def confirm_forget(going: Sequence[Lesson]) -> list[Block]:
    """What was found, and whether it shall go."""
    states = {LessonStatus.SUPERSEDED: " _(replaced)_", LessonStatus.PROPOSED: " _(waits for approval)_"}
    found = "\n".join(f"• {mrkdwn.escaped(lesson.told)}{states.get(LessonStatus(lesson.status), '')}" for lesson in going)
    ids = ",".join(str(lesson.id) for lesson in going)
    return [*sections(f"This is what I would forget:\n{found}"), actions(button("forget", "Forget", ids, "danger"), button("keep", "Keep", ids))]


def replacing(said: str, lesson: Lesson, settle: str) -> list[Block]:
    """A lesson took another's place, or may do so: is that meant? What was done can be cancelled."""
    choices = [("replace", "Replace", "primary"), ("keep_both", "Keep both", ""), *([("cancel", "Cancel", "danger")] if settle == "replaced" else [])]
    return [*sections(said), actions(*(button(action, label, str(lesson.id), style) for action, label, style in choices))]


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


def confirmed(pressed: Block, question: str, label: str) -> Block:
    """A button that asks once more."""
    asked = {"title": text("Sure?"), "text": text(question), "confirm": text(label), "deny": text("Cancel")}
    return {**pressed, "confirm": asked}


def header(content: str) -> Block:
    """A heading."""
    return {"type": "header", "text": text(content)}


def paragraphs(content: str) -> list[Block]:
    """Plain text of any length, as sections."""
    return sections(mrkdwn.escaped(content))


def sections(content: str) -> list[Block]:
    """Mrkdwn of any length."""
    return [section(piece) for piece in mrkdwn.pieces(content)]


def section(content: str) -> Block:
    """A paragraph of mrkdwn; Slack takes 3,000 characters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": content[:3000]}}


def context(content: str) -> Block:
    """A quiet line."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": content[:3000]}]}


def text(content: str) -> Block:
    """A label."""
    return {"type": "plain_text", "text": content}
