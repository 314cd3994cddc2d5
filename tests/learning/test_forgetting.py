import json
import threading

from sqlalchemy import select

from learning import registry
from learning.memory import lessons, words
from learning.night import forgetting, nights
from learning.records import Adapter, ExamAnswer, Lesson, Night, StudyItemRecord
from learning.school import School
from tests.conftest import TAUGHT
from tests.learning.conftest import DAY, forget, sleep, teach, weights


def test_a_forgotten_lesson_leaves_no_trace_and_the_rebuilt_adapter_is_as_if_it_never_was(school: School, settings: object) -> None:
    channel = teach(school, *TAUGHT)
    sleep(school, channel)
    with school.database.write() as session:
        request = lessons.forget(session, channel, [x.id for x in lessons.find(session, channel, "door code")], "U1")
        assert registry.serving(session, channel) is None, "a tainted adapter stops serving at once"
    assert request
    receipt = forgetting.carry_out(school, request.id)
    assert receipt
    assert (receipt["tainted"], receipt["serving"], receipt["probes"]["leaked"]) == (["C1@v1"], "C1@v2", 0)
    with school.database.read() as session:
        rebuilt = session.scalars(select(Night).order_by(Night.id.desc())).first()
        assert rebuilt
        assert (rebuilt.report_card or {})["forgotten"] == 1.0, "the exam asked for it"
    assert forgetting.carry_out(school, request.id) == receipt, "repeating it changes nothing"
    assert not (school.settings.adapters / "C1@v1").exists()
    with school.database.read() as session:
        everything = json.dumps(
            [
                [v for v in vars(r).values() if isinstance(v, str | list | dict)]
                for t in (Lesson, StudyItemRecord, ExamAnswer, Adapter, Night)
                for r in session.query(t)
            ]
        )
    assert "7341" not in everything
    assert words.digest(TAUGHT[2]) not in everything

    innocent = teach(school, *reversed(TAUGHT[:2]), handle="C2")
    sleep(school, innocent)
    assert weights(school, channel) == weights(school, innocent)


def test_forgetting_what_no_adapter_learned_needs_no_rebuild(school: School) -> None:
    channel = teach(school, *TAUGHT)
    receipt = forget(school, channel, "door code")
    assert (receipt["tainted"], receipt["forgotten"]) == ([], 1)
    with school.database.read() as session:
        assert session.query(Night).count() == 0


def test_forgetting_the_only_lesson_leaves_the_base(school: School) -> None:
    channel = teach(school, TAUGHT[2])
    sleep(school, channel)
    receipt = forget(school, channel, "door code")
    assert receipt["serving"] is None
    assert not list(school.settings.adapters.glob("C1@*"))


def test_the_older_clean_version_serves_until_the_rebuild(school: School) -> None:
    channel = teach(school, *TAUGHT[:2])
    sleep(school, channel)
    teach(school, TAUGHT[2])
    sleep(school, channel)
    with school.database.write() as session:
        lessons.forget(session, channel, [x.id for x in lessons.find(session, channel, "door code")], "U1")
        serving = registry.serving(session, channel)
        assert serving
        assert serving.name == "C1@v1"


def test_a_lesson_forgotten_while_it_is_studied_breaks_the_night(school: School) -> None:
    channel = teach(school, *TAUGHT)
    with school.database.write() as session:
        night = nights.open_another(session, channel, DAY, "sleep")
    training = threading.Event()

    def forget_meanwhile() -> None:
        training.wait(60)
        with school.database.write() as session:
            lessons.forget(session, channel, [x.id for x in lessons.find(session, channel, "door code")], "U1")

    meanwhile = threading.Thread(target=forget_meanwhile)
    meanwhile.start()
    held = nights.hold_night(school, night.id, lambda stage, share: training.set() if stage == "training" else None)
    meanwhile.join()
    assert held
    assert held.verdict == "tainted"
    with school.database.read() as session:
        assert registry.serving(session, channel) is None
