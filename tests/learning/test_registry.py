"""Which version of an adapter answers, and what is kept of the others."""

import json
from pathlib import Path

import pytest

from learning import registry
from learning.answers import Answerer
from learning.errors import NightschoolError
from learning.memory import channels, lessons
from learning.model.client import Client
from learning.night import nights
from learning.records import Adapter, AdapterState, Night, Work
from learning.school import School
from tests.conftest import TAUGHT
from tests.learning.conftest import DAY, sleep, teach


def test_rollback_serves_an_earlier_version_and_refuses_what_may_not(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    sleep(school, channel)
    teach(school, TAUGHT[1])
    sleep(school, channel)
    with school.database.write() as session:
        assert registry.rollback(session, channel).name == "C1@v1"
        assert registry.rollback(session, channel, 2).name == "C1@v2"
        with pytest.raises(registry.RegistryError, match="this channel has: v2"):
            registry.rollback(session, channel, 9)
        began_with = {name: school.knowledge(session, channel, name).adapter for name in ("", "C1@v1", "C9@v1")}
        assert [ref and ref.name for ref in began_with.values()] == ["C1@v2", "C1@v1", "C1@v2"], "a thread goes on with the version that began it"
        registry.taint(session, channel, [lesson.id for lesson in lessons.in_force(session, channel) if lesson.text == TAUGHT[0]])
        assert school.knowledge(session, channel, "C1@v1").adapter is None, "unless it was told to forget"


def disagrees(folder: Path) -> None:
    """As with a model that takes an adapter without effect."""
    manifest = json.loads((folder / registry.MANIFEST).read_text())
    manifest["training"]["probes"][0]["logprob"] = -50.0
    (folder / registry.MANIFEST).write_text(json.dumps(manifest))


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

        file = school.settings.adapters / version / registry.WEIGHTS
        file.write_bytes(file.read_bytes()[:-8] + b"tampered")
        with pytest.raises(registry.RegistryError, match="damaged"):
            registry.read_manifest(file.parent)
        with school.database.read() as session:
            speaking = school.knowledge(session, channel).adapter
            assert (speaking and speaking.name) == instead


def test_an_interrupted_publication_leaves_nothing_that_counts(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), registry.publishing(tmp_path / "C1@v1") as made:
        (made.folder / registry.WEIGHTS).write_bytes(b"half")
        raise RuntimeError
    assert not registry.complete(tmp_path / "C1@v1")
    assert list(tmp_path.iterdir()) == []


def test_a_weeks_versions_are_kept_beside_the_one_that_serves(school: School) -> None:
    with school.database.write() as session:
        channel = channels.by_handle(session, "C1")
        night = nights.open_another(session, channel, DAY, "sleep")
        lesson = lessons.teach(session, channel, "The release train leaves on Thursdays.", "U1")
        for version in range(1, registry.KEPT + 4):
            made = registry.reserve(session, channel, night, "base", [lesson], f"studied {version}")
            made.state = AdapterState.RETIRED
        made.state = AdapterState.SERVING
        assert [adapter.version for adapter in registry.prune(session, channel)] == [2, 1]
        assert registry.earlier(session, channel).version == registry.KEPT + 2
        with pytest.raises(registry.RegistryError, match="v1"):
            registry.rollback(session, channel, 1)


def test_a_damaged_adapter_is_trained_anew_and_one_that_people_went_back_from_is_not(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    sleep(school, channel)
    file = school.settings.adapters / "C1@v1" / registry.WEIGHTS
    whole = file.read_bytes()
    file.write_bytes(whole[:-8] + b"tampered")
    assert sleep(school, channel).verdict == "promoted"
    assert (school.settings.adapters / "C1@v2" / registry.WEIGHTS).read_bytes() == whole, "the same lessons give the same bytes"
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
        with pytest.raises(registry.RegistryError, match=r"v1 \(held\)"):
            registry.rollback(session, channel, 1)
        assert registry.rollback(session, channel, 1, held=True).state == AdapterState.SERVING


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
    left = registry.checkpoint(school.settings.adapters / failed.name)
    left.parent.mkdir(parents=True)
    left.touch()
    sleep(school, channel)
    assert not left.parent.exists()
    with school.database.read() as session:
        assert {a.name: a.state for a in session.query(Adapter)} == {"C1@v1": "pruned", "C1@v2": "serving"}
