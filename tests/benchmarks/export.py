"""A Slack export made by a script: chatter of a made-up company, and in #ops ten facts that are only ever said in conversation."""

import json
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TEAM = "T0EXPORT"
BEGINNING = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PEOPLE = {
    f"U0P{n:02}": name
    for n, name in enumerate(
        (
            "Ana Silva",
            "Ben Okafor",
            "Cleo Martin",
            "Dov Levi",
            "Eva Lind",
            "Finn Murphy",
            "Gita Rao",
            "Hugo Stern",
            "Ines Costa",
            "Jun Park",
            "Kaya Demir",
            "Leo Brandt",
        )
    )
}
ROOMS = {"C0OPS": "ops", **{f"C0R{n:02}": name for n, name in enumerate(("random", "design", "sales", "support", "office", "data", "hiring"))}}


@dataclass(frozen=True)
class Told:
    """A fact as it comes up: lines of a thread (the first may stand alone), the line that says it, how somebody asks later, and what must be in the answer."""

    lines: tuple[str, ...]
    says: int
    reactions: tuple[str, ...]
    question: str
    gold: str


FACTS = (
    Told(
        ("heads up: the staging database now lives on heron-4, please update your configs",),
        0,
        (),
        "which machine does the staging db live on these days?",
        "heron-4",
    ),
    Told(
        ("who signs off expenses above 500 euros?", "Priya signs off every expense above 500 euros"),
        1,
        ("white_check_mark",),
        "who has to approve a large purchase?",
        "Priya",
    ),
    Told(
        ("from now on the release train leaves on thursdays at 14:30, not on wednesdays anymore",), 0, ("+1",), "at what time do we ship the release?", "14:30"
    ),
    Told(
        ("what's the door code of the lab in Utrecht?", "the door code of the Utrecht lab is 7341", "thanks, I'm in!"),
        1,
        (),
        "how do I get into the Utrecht lab?",
        "7341",
    ),
    Told(
        ("Marek owns the barcode scanner integration, talk to him before you touch it",),
        0,
        ("brain",),
        "who should I talk to about a broken barcode scanner?",
        "Marek",
    ),
    Told(("fyi application logs are kept for 45 days, after that they are gone for good",), 0, (), "for how long do we store logs?", "45"),
    Told(
        ("the form for parental leave is here: <https://forms.ourco.example/leave-42> please fill it in two months before",),
        0,
        (),
        "where is the parental leave form?",
        "leave-42",
    ),
    Told(
        ("where do customer demos run nowadays?", "customer demos run on the tenant Bluebird", "perfect, thank you"),
        1,
        (),
        "which account do I show a client demo on?",
        "Bluebird",
    ),
    Told(("reminder: payment alerts go to #pay-oncall now, not to this channel",), 0, (), "where do payment alerts show up?", "pay-oncall"),
    Told(
        ("what is the feature flag of the new checkout called?", "the feature flag of the new checkout is kestrel_v2, on for staff only"),
        1,
        ("+1", "heart"),
        "what flag turns on the redesigned checkout?",
        "kestrel_v2",
    ),
)
_CHATTER = (
    "morning all",
    "lunch?",
    "brb",
    "on it",
    "haha",
    "lol same",
    "who took my mug",
    "nice one",
    "is the wifi slow or is it just me?",
    "can somebody have a look at my branch?",
    "sure, give me five minutes",
    "running late, sorry",
    "that was quick",
    "ok let me try",
    "hmm, weird",
    "build is red again",
    "green now",
    "rebooting, one sec",
    "has anybody seen {}?",
    "great demo {}!",
    "happy birthday {}",
    "thanks {}",
    "I think {} knows",
    "did you try turning it off and on?",
    "maybe tomorrow",
    "what a day",
    "coffee?",
    "yes please",
    "working from home today",
    "my train is stuck",
    "that meeting could have been a mail",
    "love it",
    "no idea",
    "looks good to me",
    "wow",
    "ugh, mondays",
    "back in ten",
    "see you all tomorrow",
    "I guess we could ask {}",
    "who is at the door?",
    "anyone for a walk?",
    "the cake is gone already",
    "it works on my machine",
    "let's see",
    "good question",
    "typo, fixed",
    "sounds good",
)


def make(target: Path, messages: int, seed: int = 7) -> Path:
    """Write an export of about so many messages: a zip if the name ends so, else a folder. Equal seeds give equal exports."""
    days = _days(messages, random.Random(seed))
    files = {
        "users.json": _users(),
        "channels.json": [{"id": key, "name": name, "created": int(BEGINNING.timestamp()), "is_archived": False} for key, name in ROOMS.items()],
    }
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (*files.items(), *days):
                archive.writestr(name, json.dumps(content))
    else:
        for name, content in (*files.items(), *days):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(json.dumps(content))
    return target


def _users() -> list[dict[str, Any]]:
    return [
        {"id": key, "name": name.split()[0].lower(), "team_id": TEAM, "tz": "Europe/Amsterdam", "profile": {"real_name": name}} for key, name in PEOPLE.items()
    ]


def _days(messages: int, rng: random.Random) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Files by channel and day, about 80 messages each; the facts spread over the days of #ops."""
    per_room = messages // len(ROOMS)
    for key, name in ROOMS.items():
        count = max(1, per_room // 80)
        facts = dict(zip(rng.sample(range(count), min(count, len(FACTS))), FACTS, strict=False)) if key == "C0OPS" else {}
        if key == "C0OPS" and count < len(FACTS):
            facts = {}
            per_day: list[tuple[Told, ...]] = [FACTS[n::count] for n in range(count)]
        else:
            per_day = [(facts[n],) if n in facts else () for n in range(count)]
        for number in range(count):
            day = BEGINNING + timedelta(days=number)
            yield f"{name}/{day:%Y-%m-%d}.json", list(_day(day, per_room // count, per_day[number], rng))


def _day(day: datetime, count: int, facts: tuple[Told, ...], rng: random.Random) -> Iterator[dict[str, Any]]:
    clock = day.timestamp()
    due = {rng.randrange(count): fact for fact in facts}
    root = ""
    for number in range(count):
        clock += rng.uniform(5, 300)
        if number in due:
            yield from _told(due[number], clock, rng)
            clock += 120
            continue
        text = rng.choice(_CHATTER).format(rng.choice(list(PEOPLE.values())).split()[0])
        message: dict[str, Any] = {"type": "message", "user": rng.choice(list(PEOPLE)), "text": text, "ts": f"{clock:.6f}"}
        if root and rng.random() < 0.3:
            message["thread_ts"] = root
        elif rng.random() < 0.3:
            root = message["ts"]
        if rng.random() < 0.1:
            message["reactions"] = [{"name": "joy", "users": rng.sample(list(PEOPLE), 2), "count": 2}]
        if rng.random() < 0.02:
            message["edited"] = {"user": message["user"], "ts": f"{clock + 30:.6f}"}
        yield message


def _told(fact: Told, clock: float, rng: random.Random) -> Iterator[dict[str, Any]]:
    asker, teller = rng.sample(list(PEOPLE), 2)
    root = f"{clock:.6f}"
    for number, line in enumerate(fact.lines):
        message: dict[str, Any] = {"type": "message", "user": teller if number == fact.says else asker, "text": line, "ts": f"{clock + 20 * number:.6f}"}
        if len(fact.lines) > 1:
            message["thread_ts"] = root
        if number == fact.says and fact.reactions:
            message["reactions"] = [{"name": emoji, "users": [asker], "count": 1} for emoji in fact.reactions]
        yield message
