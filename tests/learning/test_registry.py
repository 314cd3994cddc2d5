"""Which version of an adapter answers, and what is kept of the others."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from learning import publication, registry
from learning.answers import Answerer
from learning.errors import NightschoolError, RegistryError
from learning.memory import channels, lessons
from learning.model.client import Client
from learning.night import nights
from learning.records import Adapter, AdapterState, Lesson, Night, Work
from learning.school import School
from tests.conftest import TAUGHT
from tests.learning.conftest import DAY, sleep, teach

pytestmark = pytest.mark.usefixtures("trained_once")


def test_rollback_serves_an_earlier_version_and_refuses_what_may_not(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    sleep(school, channel)
    teach(school, TAUGHT[1])
    sleep(school, channel)
    with school.database.write() as session:
        assert registry.rollback(session, channel).name == "C1@v1"
        assert registry.rollback(session, channel, 2).name == "C1@v2"
        with pytest.raises(RegistryError, match="this channel has: v2"):
            registry.rollback(session, channel, 9)
        began_with = {name: school.knowledge(session, channel, name).adapter for name in ("", "C1@v1", "C9@v1")}
        assert [ref and ref.name for ref in began_with.values()] == ["C1@v2", "C1@v1", "C1@v2"], "a thread goes on with the version that began it"
        registry.taint(session, channel, [lesson.id for lesson in lessons.in_force(session, channel) if lesson.text == TAUGHT[0]])
        assert school.knowledge(session, channel, "C1@v1").adapter is None, "unless it was told to forget"


def disagrees(folder: Path) -> None:
    """As with a model that takes an adapter without effect."""
    manifest = json.loads((folder / publication.MANIFEST).read_text())
    manifest["training"]["probes"][0]["logprob"] = -50.0
    (folder / publication.MANIFEST).write_text(json.dumps(manifest))


def test_a_damaged_or_refused_adapter_does_not_answer_but_the_one_before_it_or_none(school: School, shared_engine: Client) -> None:
    answerer = Answerer(shared_engine, school.speaker)
    channel = teach(school, TAUGHT[0])
    sleep(school, channel)
    teach(school, TAUGHT[1])
    sleep(school, channel)
    for version, instead in (("C1@v2", "C1@v1"), ("C1@v1", None)):
        disagrees(school.settings.adapters / version)
        shared_engine.unload(version)
        with school.database.read() as session:
            knowledge = school.knowledge(session, channel)
        assert (knowledge.adapter and knowledge.adapter.name) == version, "its files are whole; the engine finds out"
        said = answerer.answer("Who shall feed the ferret?", knowledge)
        assert (said.how, said.adapter) == ("abstained", instead)

        file = school.settings.adapters / version / publication.WEIGHTS
        file.write_bytes(file.read_bytes()[:-8] + b"tampered")
        with pytest.raises(RegistryError, match="damaged"):
            publication.read_manifest(file.parent)
        with school.database.read() as session:
            speaking = school.knowledge(session, channel).adapter
            assert (speaking and speaking.name) == instead


def test_an_interrupted_publication_leaves_nothing_that_counts(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), publication.publishing(tmp_path / "C1@v1") as made:
        (made.folder / publication.WEIGHTS).write_bytes(b"half")
        raise RuntimeError
    assert not publication.complete(tmp_path / "C1@v1")
    assert list(tmp_path.iterdir()) == []


class Versions:
    """Adapters of a channel, without their files; each knows one lesson more."""

    def __init__(self, session: Session) -> None:
        self.session, self.channel = session, channels.by_handle(session, "C1")
        self.night = nights.open_another(session, self.channel, DAY, "sleep")
        self.known: list[Lesson] = []

    def make(self, held: bool = False, base: str = "base") -> None:
        self.known.append(lessons.teach(self.session, self.channel, f"Gate {len(self.known)} opens at {5 + len(self.known)}:00.", "U1"))
        made = registry.reserve(self.session, self.channel, self.night, base, self.known, str(len(self.known)))
        proven = {self.known[0].id}
        assert registry.hold(self.session, made, proven) if held else registry.promote(self.session, made, proven)

    def serving(self) -> int:
        now = registry.serving(self.session, self.channel)
        assert now
        return now.version

    def pruned(self) -> list[int]:
        return [adapter.version for adapter in registry.prune(self.session, self.channel)]


@pytest.fixture
def versions(school: School) -> Iterator[Versions]:
    with school.database.write() as session:
        yield Versions(session)


def test_a_weeks_versions_are_kept_beside_the_one_that_serves(versions: Versions) -> None:
    for _ in range(registry.KEPT + 3):
        versions.make()
    assert versions.pruned() == [2, 1]
    earlier = registry.earlier(versions.session, versions.channel)
    assert earlier
    assert earlier.version == registry.KEPT + 2
    with pytest.raises(RegistryError, match="v1"):
        registry.rollback(versions.session, versions.channel, 1)


def test_a_version_of_another_base_model_takes_no_place(versions: Versions) -> None:
    session, channel = versions.session, versions.channel
    versions.make()
    versions.make()
    older = registry.versions(session, channel)[1]
    older.base_hash = "another"
    session.flush()
    assert registry.earlier(session, channel) is None
    with pytest.raises(RegistryError, match="another base model"):
        registry.rollback(session, channel, older.version)
    registry.taint(session, channel, [versions.known[-1].id])
    assert registry.serving(session, channel) is None


def test_the_first_version_of_another_base_model_may_be_let_serve(versions: Versions) -> None:
    versions.make()
    versions.make(held=True, base="another")
    assert registry.rollback(versions.session, versions.channel, held=True).version == 2


def test_what_served_last_is_kept_however_old_and_however_many_were_held_since(versions: Versions) -> None:
    for _ in range(registry.KEPT + 1):
        versions.make()
    registry.rollback(versions.session, versions.channel, 3)
    versions.make()
    assert 3 not in versions.pruned()
    for _ in range(registry.KEPT + 1):
        versions.make(held=True)
    assert 3 not in versions.pruned()
    earlier = registry.earlier(versions.session, versions.channel)
    assert earlier
    assert earlier.version == 3, "those after it are what people went back from"


def test_what_a_held_version_knows_counts_once_it_serves(versions: Versions) -> None:
    session, channel = versions.session, versions.channel
    versions.make(held=True)
    assert lessons.unproven(session, channel) == versions.known
    registry.rollback(session, channel, 1, held=True)
    assert lessons.unproven(session, channel) == []


def test_a_version_that_people_went_back_from_answers_only_where_that_is_meant(versions: Versions) -> None:
    session, channel = versions.session, versions.channel
    versions.make()
    versions.make()
    registry.rollback(session, channel)
    assert [a.version for a in registry.tried(session, channel)] == [1, 2]
    assert [a.version for a in registry.able_to_answer(session, channel, "C1@v2")] == [1], "also in the thread that it began"
    versions.make()
    earlier = registry.earlier(session, channel)
    assert earlier
    assert earlier.version == 1
    registry.taint(session, channel, [versions.known[-1].id])
    assert versions.serving() == 1
    assert [a.version for a in registry.tried(session, channel)] == [1, 2], "no night trains the second anew"
    assert registry.rollback(session, channel, 2).version == 2
    assert [a.version for a in registry.able_to_answer(session, channel)] == [2, 1]


def test_a_damaged_adapter_is_trained_anew_and_one_that_people_went_back_from_is_not(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    sleep(school, channel)
    file = school.settings.adapters / "C1@v1" / publication.WEIGHTS
    file.write_bytes(file.read_bytes()[:-8] + b"tampered")
    assert sleep(school, channel).verdict == "promoted"
    teach(school, TAUGHT[1])
    sleep(school, channel)
    with school.database.write() as session:
        registry.rollback(session, channel, 2)
    assert sleep(school, channel).verdict == "skipped"


def test_what_did_not_pass_serves_only_where_that_is_meant(school: School) -> None:
    strict = School(school.settings.model_copy(update={"promote_at": 1.0}), school.database, school.base)
    channel = teach(school, *TAUGHT)
    sleep(strict, channel)
    with school.database.write() as session:
        with pytest.raises(RegistryError, match=r"v1 \(held\)"):
            registry.rollback(session, channel, 1)
        assert registry.rollback(session, channel, held=True).state == AdapterState.SERVING


def test_what_failed_nights_left_is_let_go(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    full = school.settings.adapters
    full.parent.mkdir(parents=True, exist_ok=True)
    full.touch()  # no folder can be made there
    with pytest.raises((NightschoolError, OSError)):
        sleep(school, channel)
    full.unlink()
    with school.database.write() as session:
        failed = session.query(Adapter).one()
        session.get_one(Night, failed.night_id).state = Work.FAILED
    left = publication.checkpoint(school.settings.adapters / failed.name)
    left.parent.mkdir(parents=True)
    left.touch()
    sleep(school, channel)
    assert not left.parent.exists()
    with school.database.read() as session:
        assert {a.name: a.state for a in session.query(Adapter)} == {"C1@v1": "pruned", "C1@v2": "serving"}
