"""Block Kit: blocks as Slack takes them, by the models of its own SDK, and by the length of texts, which these leave out."""

from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Block

from bot.sandbox.workspace import Payload, SlackError

TEXT_MOST = 3_000
IN_A_MESSAGE, IN_A_VIEW = 50, 100


def check(blocks: Sequence[Payload], most: int) -> None:
    """At most so many, each of a type that there is and as long as it may be. Raises SlackError."""
    wrong = [f"[ERROR] {why}" for block in blocks for why in _wrong(block)]
    if len(blocks) > most or wrong:
        raise SlackError("invalid_blocks", *wrong)


def _wrong(block: Payload) -> Iterator[str]:
    try:
        parsed = Block.parse(block)
    except (TypeError, AttributeError, KeyError) as error:
        yield str(error)
        return
    if parsed is None:
        yield f"unsupported type: {block.get('type')}"
    for part in _parts(parsed):
        try:
            part.validate_json()
        except SlackObjectFormationError as error:
            yield str(error)
    if not all(0 < len(text) <= TEXT_MOST for text in _texts(block)):
        yield f"a text must have 1 to {TEXT_MOST} characters"


def _parts(of: Any) -> Iterator[JsonObject]:
    if isinstance(of, JsonObject):
        yield of
        of = list(vars(of).values())
    if isinstance(of, list | tuple):
        for part in of:
            yield from _parts(part)


def _texts(of: Any) -> Iterator[str]:
    if isinstance(of, dict):
        if of.get("type") in ("plain_text", "mrkdwn"):
            yield str(of.get("text") or "")
        of = list(of.values())
    if isinstance(of, list):
        for part in of:
            yield from _texts(part)
