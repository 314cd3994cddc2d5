"""What a night costs those who ask while it trains: answers beside a training, against the same without it, on the same cores."""

import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from learning.errors import TrainingStopped
from learning.model import running
from learning.model.base_model import prepare
from learning.model.client import AdapterRef, Client
from learning.night.study import study
from learning.night.training_process import train_apart
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.churn import percentile, prompts
from tests.benchmarks.table import Figure
from tests.conftest import statements

LESSONS = 40
ANSWERS, TOKENS = 60, 24
WARM_UP = 10  # seconds of training before anybody asks


def beside(folders: Sequence[Path]) -> list[Figure]:
    """Seconds until one answer at a time is whole, before and during a training."""
    asked, adapter = prompts(), AdapterRef("N@v1", folders[0])
    with running.engine(Settings(engine_url="")) as client:
        _seconds(client, asked, adapter)
        alone = _seconds(client, asked, adapter)
        shares: list[tuple[float, float]] = []
        training = threading.Thread(target=_train, args=(over := threading.Event(), shares))
        training.start()
        while len(shares) < 2 or time.monotonic() - shares[0][0] < WARM_UP:
            time.sleep(0.1)
        quiet = _pace(shares)
        before = len(shares)
        during = _seconds(client, asked, adapter)
        busy = _pace(shares[before - 1 :])
        over.set()
        training.join()
    figures = []
    for label, share in (("median", 0.5), ("95th percentile", 0.95)):
        figures += [Figure(f"an answer, {label}, alone, s", percentile(alone, share)), Figure("the same while a night trains, s", percentile(during, share))]
    return [
        *figures,
        Figure("answers while a night trains ÷ alone, mean seconds", statistics.mean(during) / statistics.mean(alone)),
        Figure("pace of that training while it is asked without a pause ÷ before", busy / quiet),
    ]


def _seconds(client: Client, asked: Sequence[Sequence[int]], adapter: AdapterRef) -> list[float]:
    taken = []
    for prompt in itertools.islice(itertools.cycle(asked), ANSWERS):
        began = time.monotonic()
        client.complete(prompt, adapter, TOKENS)
        taken.append(time.monotonic() - began)
    return taken


def _train(over: threading.Event, shares: list[tuple[float, float]]) -> None:
    """A night's training, as a worker has it done, until it is told that it is over."""
    base, settings = prepare("embedded", Settings().cache), Settings()
    items = study(statements(*(lesson.text for lesson in material.lessons("development")[:LESSONS])), 24, base.hash)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        try:
            train_apart(
                base, items, made, Path(scratch) / "checkpoint", settings.training_threads,
                lambda share: shares.append((time.monotonic(), share)), over.is_set,
            )  # fmt: skip
        except TrainingStopped:
            return


def _pace(shares: Sequence[tuple[float, float]]) -> float:
    (began, first), (ended, last) = shares[0], shares[-1]
    return (last - first) / (ended - began)
