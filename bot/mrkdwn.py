"""Slack's markup: read as plain text, and written so that it pings nobody."""

import re

_LINK = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
LONGEST = 3_900  # characters of a message; Slack refuses more than 4,000


def plain(text: str, bot_user_id: str = "") -> str:
    """A message as people read it: no mention of the bot, channels by name, links by their label, entities undone."""

    def readable(match: re.Match[str]) -> str:
        target, label = match["target"], match["label"]
        if target == f"@{bot_user_id}":
            return ""
        if target.startswith("#"):
            return f"#{label}" if label else target
        return label or target.removeprefix("mailto:")

    unlinked = _LINK.sub(readable, text)
    return " ".join(unlinked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split())


def escaped(text: str) -> str:
    """Text that shows as written: `<!channel>` and `<@U…>` in it ping nobody. Cut to what Slack takes."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe if len(safe) <= LONGEST else safe[: LONGEST - 1] + "…"


def mentions(text: str) -> set[str]:
    """Who a message addresses: ids of users, and groups or everybody as Slack writes them (`!subteam^…`, `!here`)."""
    return {match["target"].removeprefix("@") for match in _LINK.finditer(text) if match["target"].startswith(("@U", "@W", "!"))}
