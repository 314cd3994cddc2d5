"""A school of its own for a benchmark: teach, hold nights, ask; through the product's own code."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from learning import publication, registry
from learning.answers import Answer, Answerer, Knowledge, Mode
from learning.memory import channels, finding
from learning.memory import lessons as memory
from learning.model import running
from learning.model.client import Client
from learning.model.rendering import Turn
from learning.night import forgetting, nights
from learning.records import Channel, Night, StudyItemRecord
from learning.school import School, open_school
from learning.settings import Settings
from tests.benchmarks.table import PARTS

DAY = date(2026, 3, 1)


@dataclass
class Classroom:
    """One channel of a school with a running engine."""

    school: School
    client: Client
    channel: Channel

    def teach(self, texts: Sequence[str]) -> None:
        """As `/teach` does."""
        with self.school.database.write() as session:
            for text in texts:
                memory.teach(session, session.get_one(Channel, self.channel.id), text, "you")

    def sleep(self) -> Night:
        """A night, now."""
        with self.school.database.write() as session:
            night = nights.open_another(session, self.channel, DAY, "sleep")
        held = nights.hold_night(self.school, night.id)
        assert held
        return held

    def learn(self, texts: Sequence[str]) -> dict[str, Any]:
        """Teach, and hold a night, or go on with the one that was cut off; where that was done before, nothing. Returns the night's report card."""
        known = self.knowledge()
        if not known.lessons:
            self.teach(texts)
        if known.adapter is None:
            self.sleep()
        return self.card()

    def card(self) -> dict[str, Any]:
        """The report card of the night that trained the serving adapter."""
        with self.school.database.read() as session:
            adapter = registry.serving(session, self.channel)
            assert adapter
            return session.get_one(Night, adapter.night_id).report_card or {}

    def knowledge(self) -> Knowledge:
        """What the channel can answer from now."""
        with self.school.database.read() as session:
            return self.school.knowledge(session, self.channel)

    def ask(
        self, questions: Sequence[str], mode: Mode = "auto", before: Sequence[Sequence[str]] | None = None, knowledge: Knowledge | None = None
    ) -> list[Answer]:
        """Answers to many questions; `before` are the turns of each one's thread."""
        known = knowledge or self.knowledge()
        answerer = Answerer(self.client, self.school.speaker)
        turns = [[Turn(("user", "assistant")[n % 2], text) for n, text in enumerate(thread)] for thread in before or [[]] * len(questions)]
        with ThreadPoolExecutor(12) as pool:
            return list(pool.map(lambda pair: answerer.answer(pair[0], known, mode, pair[1]), zip(questions, turns, strict=True)))

    def other(self, name: str) -> "Classroom":
        """Another channel of the same school."""
        with self.school.database.write() as session:
            return Classroom(self.school, self.client, channels.by_handle(session, name))

    def forget(self, text: str) -> forgetting.Receipt:
        """A lesson, and all that was trained on it."""
        with self.school.database.write() as session:
            found = finding.find(session, self.channel, text)
            exact = [lesson for lesson in found if lesson.text == text] or found[:1]  # one with "until friday" is kept in other words
            request = memory.forget(session, self.channel, [lesson.id for lesson in exact], "U1")
        assert request
        receipt = forgetting.carry_out(self.school, request.id)
        assert receipt
        return receipt

    def replayed(self) -> set[str]:
        """The general questions that were studied along."""
        with self.school.database.read() as session:
            return set(session.scalars(select(StudyItemRecord.question).where(StudyItemRecord.strategy == "replay")))

    def training(self) -> dict[str, Any]:
        """What the manifest of the serving adapter tells of its training."""
        adapter = self.knowledge().adapter
        assert adapter
        told: dict[str, Any] = publication.read_manifest(adapter.folder)["training"]
        return told


@contextmanager
def classroom(base: str = "embedded", name: str = "C1", kept: str = "") -> Iterator[Classroom]:
    """A channel in a temporary folder, or in one that is `kept` by this name; candidates always serve, so that what they know can be measured."""
    with tempfile.TemporaryDirectory() as scratch:
        home = PARTS / kept if kept else Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        settings = Settings(home=home, base_model=base, promote_at=0.0, tolerate_loss=1.0, lease_seconds=60)
        with running.engine(settings) as client:
            school = open_school(settings.model_copy(update={"engine_url": client.url}))
            with school.database.write() as session:
                channel = channels.by_handle(session, name)
            yield Classroom(school, client, channel)
