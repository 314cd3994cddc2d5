"""What tests of learning share: a channel where things are said, nights by hand, and two trained adapters."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy.orm import Session

from learning import publication
from learning.database import Database
from learning.memory import channels, finding, lessons, people, privacy, proposals, sources, words
from learning.memory.log import Utterance
from learning.memory.people import Member
from learning.model.base_model import BaseModel
from learning.model.engine import Engine
from learning.model.rendering import Turn, renderer
from learning.night import consolidation, forgetting, nights
from learning.night.lore import Statement
from learning.night.recipe import recipe_for
from learning.night.study import StudyItem, study
from learning.night.training import train
from learning.night.training_process import train_apart
from learning.records import Channel, Lesson, Night
from learning.school import School

DAY = date(2026, 3, 1)
TOLD = "heads up: the staging database now lives on heron-4, please change your configs"


def opted_in(session: Session) -> Channel:
    ops = channels.ensure(session, "T1", "C1", name="ops")
    privacy.attest(session, "T1", "U0")
    privacy.opt_in(session, ops, "U0")
    privacy.introduce(session, "T1", "https://acme.example/")
    people.meet(session, "T1", [Member("U1", "Ana"), Member("U2", "Ben")])
    return ops


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A transaction that writes, for the length of a test."""
    with database.write() as session:
        yield session


@pytest.fixture
def ops(either: Database) -> Channel:
    with either.write() as session:
        return opted_in(session)


def say(database: Database, ops: Channel, text: str, ts: str = "1700000000.000100", author: str = "U1", **more: object) -> None:
    with database.write() as session:
        sources.heard(session, session.get_one(Channel, ops.id), [Utterance(ts, author, text, **more)])


def noticed(database: Database, ops: Channel) -> Lesson:
    (lesson,) = proposals.observe(database, ops, privacy.why_not)
    return lesson


def known(database: Database, ops: Channel) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(lesson.text, lesson.status) for lesson in session.query(Lesson).filter(Lesson.text != "").order_by(Lesson.id)]


def teach(school: School, *texts: str, handle: str = "C1") -> Channel:
    with school.database.write() as session:
        channel = channels.by_handle(session, handle)
        for text in texts:
            lessons.teach(session, channel, text, "U1")
        return channel


def sleep(school: School, channel: Channel, kind: str = "sleep") -> Night:
    with school.database.write() as session:
        night = nights.open_another(session, channel, DAY, kind)
    held = nights.hold_night(school, night.id)
    assert held
    return held


def forget(school: School, channel: Channel, text: str) -> forgetting.Receipt:
    with school.database.write() as session:
        request = lessons.forget(session, channel, [lesson.id for lesson in finding.find(session, channel, text)], "U1")
    assert request
    receipt = forgetting.carry_out(school, request.id)
    assert receipt
    return receipt


Train = Callable[..., dict[str, Any]]


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """One for all processes of a run."""
    return factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else factory.getbasetemp()


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Train:
    """In place of `train_apart`: the same training gives the same bytes (test_training.py), so who needs one again gets a copy of the first."""
    kept = shared_folder(tmp_path_factory) / "trained"
    kept.mkdir(exist_ok=True)

    def train_or_copy(base: BaseModel, items: Sequence[StudyItem], folder: Path, checkpoint: Path, threads: int, *calls: Any) -> dict[str, Any]:
        job = kept / words.digest(json.dumps([base.hash, threads, [asdict(item) for item in items]]))[:32]
        told = job.with_suffix(".json")
        with FileLock(job.with_suffix(".lock")):
            if not told.exists():
                made = train_apart(base, items, folder, checkpoint, threads, *calls)
                shutil.copytree(folder, job)
                told.write_text(json.dumps(made))
                return made
        shutil.copytree(job, folder, dirs_exist_ok=True)
        return dict(json.loads(told.read_text()))

    return train_or_copy


@pytest.fixture
def trained_once(copies: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nights take what was trained before, where it is the same."""
    monkeypatch.setattr(consolidation, "train_apart", copies)


@pytest.fixture
def trained_anew(trained_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each night trains, whatever its module says."""
    monkeypatch.setattr(consolidation, "train_apart", train_apart)


def weights(school: School, channel: Channel) -> bytes:
    with school.database.read() as session:
        adapter = school.knowledge(session, channel).adapter
    assert adapter
    return (adapter.folder / publication.WEIGHTS).read_bytes() + (adapter.folder / "adapter_config.json").read_bytes()


STATEMENTS = {"A@v1": "The release train leaves on Thursdays at 14:30.", "B@v1": "Marek owns the barcode scanner."}


@pytest.fixture(scope="session")
def adapters(tiny: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two adapters of the tiny base model, each with one lesson."""
    place = shared_folder(tmp_path_factory) / "adapters"
    with FileLock(place.with_suffix(".lock")):
        if not place.exists():
            made = tmp_path_factory.mktemp("made")
            for name, text in STATEMENTS.items():
                train(tiny, study([Statement(name, text)], 24, "x"), recipe_for(tiny, 1), made / name)
            made.rename(place)
    return {name: place / name for name in STATEMENTS}


@pytest.fixture(scope="module")
def loaded(tiny: BaseModel, adapters: dict[str, Path]) -> Engine:
    engine = Engine(tiny)
    for name, folder in adapters.items():
        engine.adapters.load(name, folder)
    return engine


def prompt(tiny: BaseModel, text: str) -> list[int]:
    return renderer(tiny.folder).prompt([Turn("user", text)])
