"""Slack's markup: read as plain text, and written so that it pings nobody."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_LINK = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_CHANNEL = re.compile(r"(?<![\w&])#(C[A-Z0-9]{8,})\b")
EVERYBODY = ("!here", "!channel", "!everyone")
FENCE = "```"
LONGEST = 3_900  # characters of a message; Slack refuses more than 4,000
LONGEST_PIECE = 3_000  # of a block


def plain(text: str, bot_user_id: str = "", names: Mapping[str, str] = MappingProxyType({}), links: bool = False) -> str:
    """A message as people read it: no mention of the bot, people and channels by name (else by id), links by their label, entities undone.

    `names` of people, by id; with `links`, their addresses too, for what is kept.
    """

    def readable(match: re.Match[str]) -> str:
        target, label = match["target"], match["label"]
        if target == f"@{bot_user_id}":
            return ""
        if target in EVERYBODY:  # a call to all at the beginning is no part of what is said
            return f"@{target[1:]}" if _LINK.sub("", text[: match.start()]).strip() else ""
        if target.startswith("#"):
            return f"#{label}" if label else target
        if target.startswith("@"):
            return names.get(target[1:]) or label or target
        address = target.removeprefix("mailto:")
        return f"{label} ({address})" if links and label and "://" in address and label not in address else label or address

    unlinked = _LINK.sub(readable, text)
    return " ".join(unlinked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split())


def escaped(text: str) -> str:
    """Text that shows as written: `<!channel>` and `<@U…>` in it ping nobody. Cut to what Slack takes."""
    return fitting(neutral(text))


def neutral(text: str) -> str:
    """The same, of any length; ids of channels become links, whose names Slack shows to those who may see them."""
    return _CHANNEL.sub(r"<#\1>", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def fitting(text: str) -> str:
    """A message cut to what Slack takes; an entity is not cut in two, and a code block that was begun is ended."""
    if len(text) <= LONGEST:
        return text
    kept = re.sub(r"&\w*$", "", text[:LONGEST])
    return f"{kept}…{FENCE}" if kept.count(FENCE) % 2 else f"{kept}…"


def pieces(text: str) -> list[str]:
    """A text in parts that Slack's blocks take, cut between lines where that can be. Code blocks stay whole, or are ended and begun again."""
    parts = [""]
    for block in re.split(rf"({FENCE}.*?(?:{FENCE}|\Z)\n?)", text, flags=re.DOTALL):
        code = block.startswith(FENCE)
        for line in [block] if code and len(block) <= LONGEST_PIECE else _lines(block, LONGEST_PIECE - 2 * len(FENCE) - 1):
            inside = code and parts[-1].count(FENCE) % 2 == 1
            if len(parts[-1]) + len(line) + len(FENCE) * inside <= LONGEST_PIECE:
                parts[-1] += line
            else:
                parts[-1] += FENCE * inside
                parts.append(f"{FENCE}\n{line}" if inside else line)
    return [part.strip("\n") for part in parts if part.strip()] or [""]


def _lines(text: str, most: int) -> list[str]:
    return [line[start : start + most] for line in text.splitlines(keepends=True) for start in range(0, len(line), most)]


def mentions(text: str) -> set[str]:
    """Who a message addresses: ids of users, and groups or everybody as Slack writes them (`!subteam^…`, `!here`)."""
    return {match["target"].removeprefix("@") for match in _LINK.finditer(text) if match["target"].startswith(("@U", "@W", "!"))}
