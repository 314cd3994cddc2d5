"""Which candidates may serve."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from learning import leases, publication, registry
from learning.memory import channels, guard, lessons
from learning.night import consolidation, forgetting, nights
from learning.night.consolidation import Plan
from learning.night.exam import ExamQuestion, Marked, ReportCard
from learning.night.selection import Selection
from learning.night.vigil import Vigil
from learning.records import AdapterState, Channel, ExamAnswer, Night, Work, now
from learning.school import School
from tests.conftest import TAUGHT
from tests.learning.conftest import DAY, forget, teach
from tests.learning.test_morning import night


def decided(
    school: School, channel: Channel, right: bool, kind: str = "recall", must_replace: bool = False,
    before: bool = False, newer: bool = False, stopped: bool = False,
) -> str:  # fmt: skip
    """The verdict on a candidate of which an exam found this, where the serving version, if there is one, knew all, is a `newer` one, or was `stopped`."""
    with school.database.write() as session:
        taught = lessons.in_force(session, channel)
        asked = [ExamQuestion(kind, f"{number}?", ("x",), taught[0].digest) for number in range(20)]
        other, last = (nights.open_another(session, channel, DAY, name) for name in ("sleep", "forget"))
        serving = registry.reserve(session, channel, other, school.base.hash, taught, "before") if before or stopped else None
        made = registry.reserve(session, channel, last, school.base.hash, taught, "now")
        if newer:
            serving = registry.reserve(session, channel, other, school.base.hash, taught, "newer")
        if serving:
            session.add_all(ExamAnswer(night_id=other.id, kind=kind, question=one.question, answer="x", right=True) for one in asked)
            registry.promote(session, serving, set())
        if stopped and serving:
            serving.state = AdapterState.TAINTED
        held = leases.claim(session, Night, 60, Night.id == last.id)
    assert held
    folder = school.adapter(made).folder
    with publication.publishing(folder) as published:
        (published.folder / publication.WEIGHTS).write_bytes(b"weights")
    card = ReportCard([Marked(one, "", right) for one in asked])
    vigil = Vigil(school.database, held, 60, lambda stage, share: None)
    consolidation._decide(school, channel, vigil, Plan(Selection(taught, True), made, folder), card, {}, must_replace)
    with school.database.read() as session:
        return session.get_one(Night, held.id).verdict or ""


@pytest.mark.parametrize(
    ("exam", "verdict"),
    [
        ({"right": True}, "promoted"),
        ({"right": True, "before": True}, "promoted"),
        ({"right": False, "before": True}, "held"),
        ({"right": True, "newer": True}, "held"),
        ({"right": False, "must_replace": True, "stopped": True}, "promoted"),
        ({"right": False, "must_replace": True}, "held"),
        ({"right": False, "kind": "forgotten", "must_replace": True, "before": True}, "held"),
    ],
    ids=["the first", "as good", "worse", "late", "the only one that may", "none ever served", "gives away what is forgotten"],
)
def test_who_serves_after_an_exam(school: School, exam: dict[str, bool], verdict: str) -> None:
    gate = school.settings.model_copy(update={"promote_at": 0.5 if "must_replace" in exam else 0.0, "tolerate_loss": 0.0})
    channel = teach(school, TAUGHT[0])
    assert decided(School(gate, school.database, school.base), channel, **exam) == verdict


def test_a_candidate_that_knows_what_was_forgotten_meanwhile_never_serves(session: Session) -> None:
    room = channels.ensure(session, "T1", "C1")
    lesson = lessons.teach(session, room, "Mia has the key.", "U1")
    session.flush()
    made = registry.reserve(session, room, night(session, room), "base", [lesson], "s")
    lessons.forget(session, room, [lesson.id], "U1")
    assert not registry.promote(session, made, set())
    assert not registry.hold(session, made, set())
    assert registry.serving(session, room) is None


def test_the_exam_says_how_cautious_the_bot_is(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    with school.database.write() as session:
        held = nights.open_another(session, channel, DAY, "sleep")
        held.report_card = {"caution": 0.4}
        made = registry.reserve(session, channel, held, school.base.hash, lessons.in_force(session, channel), "s")
        registry.promote(session, made, set())
        with publication.publishing(school.adapter(made).folder):
            pass
        knowledge = school.knowledge(session, channel)
    assert knowledge.adapter
    assert knowledge.sure == guard.least(1) + 0.4


def test_a_receipt_tells_what_the_serving_version_gives_away(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = teach(school, *TAUGHT)
    with school.database.write() as session:
        held = nights.open_another(session, channel, DAY, "sleep")
        registry.promote(session, registry.reserve(session, channel, held, school.base.hash, lessons.in_force(session, channel)[:2], "s"), set())
    monkeypatch.setattr(forgetting, "say_all", lambda school, client, adapter, questions: [TAUGHT[2]] * len(questions))
    receipt = forget(school, channel, "door code")
    assert receipt["probes"]["leaked"] == receipt["probes"]["asked"] > 0


def test_a_night_that_was_cut_off_goes_on_by_day(school: School) -> None:
    moment = now()
    hours = {"night_hour": (moment.hour - 2) % 24, "morning_hour": (moment.hour - 1) % 24}
    early = School(school.settings.model_copy(update=hours), school.database, school.base)
    with school.database.write() as session:
        cut_off = nights.open_night(session, channels.ensure(session, "T1", "C1"), (moment - timedelta(hours=2)).date(), "nightly")
        cut_off.created_at, cut_off.lease_until = moment - timedelta(hours=5), moment - timedelta(minutes=1)
        cut_off.state, cut_off.generation = Work.RUNNING, 1
    held = nights.hold_night(early, cut_off.id)
    assert held
    assert (held.report_card or {})["reason"] == "nothing to learn"
