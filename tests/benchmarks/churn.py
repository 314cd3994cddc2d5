"""What many adapters, new adapters and Slack cost: a thousand adapters on one engine, a thousand promotions under load, one question's way."""

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from operator import le
from pathlib import Path

import psutil

from bot import jobs
from learning.model import running
from learning.model.base_model import prepare
from learning.model.client import AdapterRef, Client, EngineError, connected
from learning.model.rendering import Turn, renderer
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.table import Figure
from tests.conftest import running as everything

COUNT = 1000
ZIPF_QUESTIONS = 800
STREAMS = 8
TOKENS = 16
IN_SLACK = 60


@contextmanager
def engine() -> Iterator[tuple[Client, psutil.Process]]:
    """An engine of our own, and its process."""
    with tempfile.TemporaryDirectory() as scratch:
        announcement = Path(scratch) / "engine.url"
        child = running.spawn(Settings(engine_url=""), announcement)
        try:
            with connected(running.wait_announced(announcement, lambda: child.poll() is None)) as client:
                yield client, psutil.Process(child.pid)
        finally:
            child.kill()
            child.wait()


def prompts() -> list[list[int]]:
    """Questions of the development set."""
    speaker = renderer(prepare("embedded", Settings().cache).folder)
    return [speaker.prompt([Turn("user", question)]) for lesson in material.lessons("development") for question in list(lesson.asked.values())[:1]]


def percentile(values: Sequence[float], share: float) -> float:
    """Of some values, the one that this share does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def adapters_by_the_thousand(folders: Sequence[Path]) -> list[Figure]:
    """Asked for as channels are: a few often, most seldom (Zipf). Cold is an answer whose adapter had to be read first."""
    rng, asked = random.Random(0), prompts()
    names = [AdapterRef(f"Z{number}@v1", folders[number % len(folders)]) for number in range(COUNT)]
    drawn = rng.choices(names, [1 / (rank + 1) for rank in range(COUNT)], k=ZIPF_QUESTIONS)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    with engine() as (client, process):
        client.complete(asked[0], None, TOKENS)
        sizes = []
        for number, adapter in enumerate(drawn):
            cold = adapter.name not in client.loaded()
            began = time.monotonic()
            client.complete(asked[number % len(asked)], adapter, TOKENS)
            seconds[cold].append(time.monotonic() - began)
            sizes.append((len({one.name for one in drawn[: number + 1]}), process.memory_info().rss))
        kept = len(client.loaded())
    met = len({one.name for one in drawn})
    full = next((rss for distinct, rss in sizes if distinct > kept), sizes[-1][1])
    idle = max(1, met - kept)
    return [
        Figure("Zipf over 1,000 adapters: met, and still in memory at the end", met), Figure("adapters in memory at the end", kept),
        Figure("p95 warm, s", percentile(seconds[False], 0.95)), Figure("p95 cold, s", percentile(seconds[True], 0.95)),
        Figure("p95 cold ÷ warm", percentile(seconds[True], 0.95) / percentile(seconds[False], 0.95), 2.0, le),
        Figure("bytes in memory for an idle adapter, beyond the budget", max(0.0, (sizes[-1][1] - full) / idle), 0, le),
    ]  # fmt: skip


def promotions(folders: Sequence[Path]) -> list[Figure]:
    """New versions take over while eight streams ask. Each kind of adapter has words of its own: others in a reply are an older version's, or a mixture."""
    asked = prompts()[:STREAMS]
    with engine() as (client, _):
        refs = [AdapterRef(f"P@v{number}", folders[number % len(folders)]) for number in range(COUNT + 1)]
        words = [
            {token for prompt in asked for token in client.complete(prompt, AdapterRef(f"E{kind}@v1", folder), TOKENS).tokens}
            for kind, folder in enumerate(folders)
        ]
        assert all(words), words
        assert not any(mine & theirs for mine, theirs in combinations(words, 2)), words
        serving, over = [0], threading.Event()
        replies: list[tuple[float, int, list[int]]] = []
        failed: list[str] = []

        def stream(n: int) -> None:
            while not over.is_set():
                version, began = serving[0], time.monotonic()
                try:
                    said = client.complete(asked[n], refs[version], TOKENS)
                    replies.append((time.monotonic() - began, version, said.tokens))
                except EngineError as error:
                    failed.append(str(error))

        client.load(refs[0])
        threads = [threading.Thread(target=stream, args=(n,)) for n in range(STREAMS)]
        for thread in threads:
            thread.start()
        time.sleep(20)
        quiet = [seconds for seconds, *_ in list(replies)]
        before, began = len(replies), time.monotonic()
        for version in range(1, COUNT + 1):
            client.load(refs[version])
            serving[0] = version
            if version > 1:
                client.unload(refs[version - 2].name)
        took = time.monotonic() - began
        busy = [seconds for seconds, *_ in replies[before:]]
        over.set()
        for thread in threads:
            thread.join()
    mixed = sum(not words[version % len(folders)].issuperset(said) for _, version, said in replies)
    return [
        Figure("promotions", COUNT), Figure("promotions: seconds", took), Figure("promotions: replies", len(replies)),
        Figure("promotions: failed replies", len(failed), 0, le), Figure("promotions: mixed and stale replies", mixed, 0, le),
        Figure("promotions: p95 during ÷ without", percentile(busy, 0.95) / percentile(quiet, 0.95), 1.2, le),
    ]  # fmt: skip


def in_slack(_: Sequence[Path] = ()) -> list[Figure]:
    """From a mention to its answer in the sandbox, on an idle machine: taught things by heart, one question at a time."""
    lessons = material.lessons("development")[:5]
    with tempfile.TemporaryDirectory() as home, everything(Settings(home=Path(home), base_model="embedded", promote_at=0.0)) as bot:
        for lesson in lessons:
            bot.ana.command("/teach", lesson.text)
        jobs.enqueue(bot.set_up.redis_url, jobs.FALL, jobs.last_night())
        bot.night_over("nightly", 900)
        ana, taken = bot.ana, []
        questions = [question for lesson in lessons for question in lesson.asked.values()]
        for number in range(IN_SLACK):
            began = time.monotonic()
            ts = ana.say(f"@nightschool {questions[number % len(questions)]}")
            while not any(m.get("thread_ts") == ts and "bot_id" in m for m in ana.messages()):
                time.sleep(0.01)
            taken.append(time.monotonic() - began)
    taken = taken[5:]  # the first ones load what they need
    return [
        Figure("a question's way through Slack, s, p50", statistics.median(taken), 1.0, le),
        Figure("a question's way through Slack, s, p95", percentile(taken, 0.95), 2.0, le),
    ]
