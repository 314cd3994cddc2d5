"""Windows: the `views.*` methods, and the forms in them."""

import json
from collections.abc import Callable
from typing import Any

from bot.sandbox import block_kit
from bot.sandbox.workspace import APP, BOT_ID, Payload, SlackError, Workspace

TITLE_MOST, METADATA_MOST, CALLBACK_MOST = 24, 3_000, 255


class Views:
    """Opening windows as the app."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.methods: dict[str, Callable[..., Payload]] = {"views.open": self.open, "views.publish": self.publish}

    def open(self, trigger_id: str, view: Any) -> Payload:
        """A window for whoever the trigger belongs to."""
        told = _checked(view)
        user = self.workspace.redeem(trigger_id)
        made = {
            **told,
            "id": f"V{self.workspace.number()}",
            "user": user,
            "team_id": self.workspace.team,
            "app_id": APP,
            "bot_id": BOT_ID,
            "state": {"values": {}},
        }
        self.workspace.views[made["id"]] = made
        return {"view": made}

    def publish(self, user_id: str, view: Any) -> Payload:
        """Somebody's Home tab."""
        told = _parsed(view)
        if told.get("type") != "home" or not 0 < len(told.get("blocks", [])) <= block_kit.IN_A_VIEW:
            raise SlackError("invalid_arguments", "[ERROR] a home view of 1 to 100 blocks is needed")
        made = {
            **told,
            "id": f"V{self.workspace.number()}",
            "user": self.workspace.user(user_id).id,
            "team_id": self.workspace.team,
            "app_id": APP,
            "bot_id": BOT_ID,
        }
        self.workspace.homes[user_id] = made
        return {"view": made}


def buttons(element: Payload) -> list[Payload]:
    """What can be pressed of an element."""
    if element["type"] == "feedback_buttons":
        return [element["positive_button"], element["negative_button"]]
    return [element]


def filled(view: Payload | None, user: str, values: dict[str, str]) -> Payload:
    """A window with what somebody entered. Raises SlackError."""
    if view is None or view["user"] != user:
        raise SlackError("no_such_view")
    entries = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    if unknown := set(values) - set(entries):
        raise SlackError("no_such_field", *sorted(unknown))
    state = {
        block: {element["action_id"]: {"type": element["type"], "value": values.get(block, element.get("initial_value")) or None}}
        for block, element in entries.items()
    }
    return {**view, "state": {"values": state}}


def _checked(view: Any) -> Payload:
    """A view as Slack takes it. Raises SlackError."""
    told = _parsed(view)
    inputs = [block for block in told.get("blocks", []) if block["type"] == "input"]
    wrong = {
        "unsupported type": told.get("type") != "modal",
        "title is missing or too long": not 0 < len((told.get("title") or {}).get("text", "")) <= TITLE_MOST,
        "no blocks, or too many": not 0 < len(told.get("blocks", [])) <= block_kit.IN_A_VIEW,
        "inputs need a submit button": bool(inputs) and "submit" not in told,
        "an input needs a label and an element": any("label" not in block or "element" not in block for block in inputs),
        "private_metadata is too long": len(told.get("private_metadata", "")) > METADATA_MOST,
        "callback_id is too long": len(told.get("callback_id", "")) > CALLBACK_MOST,
    }
    if any(wrong.values()):
        raise SlackError("invalid_arguments", *(f"[ERROR] {what}" for what, is_so in wrong.items() if is_so))
    return told


def _parsed(view: Any) -> Payload:
    try:
        told: Payload = json.loads(view) if isinstance(view, str) else view
    except ValueError:
        raise SlackError("invalid_arguments", "[ERROR] view is no JSON") from None
    block_kit.check(told.get("blocks", []), block_kit.IN_A_VIEW)
    return told
