"""How far a reading of history is, in words."""

from bot import mrkdwn
from learning.records import Channel, Reading


def bar(reading: Reading, channel: Channel) -> str:
    """How far it is, as a line of text."""
    full = round(reading.share * 20)
    return f":books: Reading {name(channel)}  `{'█' * full}{'░' * (20 - full)}` {reading.share:.0%} · {counts(reading)}"


def summary(reading: Reading, channel: Channel) -> str:
    """What was found."""
    return f":books: I have read {name(channel)}: {counts(reading)}."


def counts(reading: Reading) -> str:
    """Messages read, and what they changed."""
    return f"{reading.messages:,} messages, {reading.added:,} new, {reading.changed:,} edited, {reading.deleted:,} deleted"


def name(channel: Channel) -> str:
    """What a channel is called in a message."""
    return f"#{mrkdwn.escaped(channel.name)}" if channel.name else "this channel"
