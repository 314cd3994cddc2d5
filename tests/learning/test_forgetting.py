import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from learning import registry
from learning.errors import NightschoolError
from learning.memory import channels, finding, lessons, log, proposals, words
from learning.model.client import Client
from learning.night import forgetting, nights
from learning.night.consolidation import consolidate
from learning.records import Adapter, AdapterState, Announcement, ExamAnswer, Lesson, Message, Night, Question, StudyItemRecord, Work
from learning.school import School
from tests.conftest import TAUGHT
from tests.learning.conftest import DAY, forget, sleep, teach, weights

pytestmark = pytest.mark.usefixtures("trained_once")


def test_a_forgotten_lesson_leaves_no_trace_and_the_rebuilt_adapter_is_as_if_it_never_was(school: School, trained_anew: None) -> None:
    channel = teach(school, *TAUGHT)
    sleep(school, channel)
    with school.database.write() as session:
        request = lessons.forget(session, channel, [x.id for x in finding.find(session, channel, "door code")], "U1")
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
        lessons.forget(session, channel, [x.id for x in finding.find(session, channel, "door code")], "U1")
        serving = registry.serving(session, channel)
        assert serving
        assert serving.name == "C1@v1"


def test_what_a_forgotten_lesson_had_replaced_holds_again_and_can_be_forgotten_itself(school: School) -> None:
    first, second, third = (f"The backups {how}." for how in ("run at 02:00", "now run at 04:30", "now run at 05:15"))
    channel = teach(school, first, second, third)
    with school.database.read() as session:
        assert [lesson.text for lesson in lessons.in_force(session, channel)] == [third]
        assert [lesson.text for lesson in finding.find(session, channel, first)] == [first], "replaced, and still kept"
    forget(school, channel, second)
    with school.database.read() as session:
        assert [lesson.text for lesson in lessons.in_force(session, channel)] == [third], "the third replaces the first, too"
    receipt = forget(school, channel, third)
    assert receipt["restored"] == 1
    assert "holds again" in forgetting.as_text(receipt)
    with school.database.read() as session:
        assert [lesson.text for lesson in lessons.in_force(session, channel)] == [first]


def test_no_row_keeps_the_words_of_a_forgotten_lesson(school: School) -> None:
    secret = "The vault code of the lab is 9917."
    with school.database.write() as session:
        channel = channels.by_handle(session, "C1")
        lesson = lessons.teach(session, channel, secret, "U1", source_ts="1700000000.000100", propose=True)
        lesson.post_ts = "1700000001.000100"
        proposals.approve(session, channel, [lesson.id])
        session.add(Question(channel_id=channel.id, ts="1700000000.000100", author="U1", text="remember Q: what is it? A: 9917", state=Work.DONE))
    forget(school, channel, secret)
    with school.database.read() as session:
        told = [*session.scalars(select(Announcement.text)), *session.scalars(select(Question.text)), *session.scalars(select(Lesson.text))]
    assert not [text for text in told if "9917" in text]


def test_a_question_that_is_kept_no_more_is_no_study_material(school: School) -> None:
    channel = teach(school, *TAUGHT)
    night = sleep(school, channel)
    with school.database.write() as session:
        for text in ("Who has the key?", "who has the key", "and the other?"):
            session.add(StudyItemRecord(night_id=night.id, question=text, answer="Ana.", strategy="asked_by_people", lessons=[]))
        for number, text in enumerate(("Who has the key?", "and the other?")):
            session.add(Question(channel_id=channel.id, ts=f"17000000{number}0.000100", author="U1", text=text, state=Work.DONE))
    with school.database.write() as session:
        log.delete_messages(session, channel, ["1700000000.000100"])
    with school.database.read() as session:
        left = session.scalars(select(StudyItemRecord.question).where(StudyItemRecord.strategy == "asked_by_people")).all()
    assert left == ["and the other?"]


def test_a_version_that_is_kept_no_more_is_forgotten_too(school: School) -> None:
    channel = teach(school, *TAUGHT)
    sleep(school, channel)
    with school.database.write() as session:
        gone = session.query(Adapter).one()
        gone.state = AdapterState.PRUNED
    forget(school, channel, "door code")
    with school.database.read() as session:
        assert session.get_one(Adapter, gone.id).state == AdapterState.TAINTED
        assert session.query(ExamAnswer).count() == 0, "wrong answers may hold its words"


def test_the_same_said_before_goes_too_and_does_not_come_back(school: School) -> None:
    first, second = "The backups run at 02:00.", "The backups now run at 04:30."
    channel = teach(school, first, second, "The backups now run at 02:00.")
    receipt = forget(school, channel, "3")
    assert (receipt["forgotten"], receipt["restored"]) == (2, 1)
    with school.database.read() as session:
        assert [lesson.text for lesson in lessons.in_force(session, channel)] == [second]
        assert session.query(Lesson).filter(Lesson.text.contains("02:00")).count() == 0
    forget(school, channel, second)
    with school.database.read() as session:
        assert lessons.in_force(session, channel) == []


def test_answers_in_other_words_go_with_the_lesson_that_they_rest_on(school: School) -> None:
    channel = teach(school, TAUGHT[2])
    with school.database.write() as session:
        aside = channels.ensure(session, channel.team_id, "D1")
        (lesson,) = lessons.in_force(session, channel)
        for room in (channel, aside):
            log.record(session, room, [log.Utterance("2.0", "BOT", "To the lab? 7341.", is_bot=True), log.Utterance("3.0", "BOT", "It is 8080.", is_bot=True)])
            for ts, about in (("2.0", lesson.id), ("3.0", 999)):
                told = {"channel_id": room.id, "ts": f"1.{about}", "author": "U1", "text": "what?", "state": Work.DONE}
                session.add(Question(**told, reply_ts=ts, answer={"how": "weights", "lessons": [about]}))
    forget(school, channel, "door code")
    with school.database.read() as session:
        for room in (channel, aside):
            assert [message.text for message in session.query(Message).filter_by(channel_id=room.id).order_by(Message.ts)] == ["", "It is 8080."]


def test_several_forgotten_at_once_are_rebuilt_once(school: School) -> None:
    channel = teach(school, *TAUGHT)
    sleep(school, channel)
    with school.database.write() as session:
        asked = [lessons.forget(session, channel, [lesson.id], "U1") for lesson in lessons.in_force(session, channel)[1:]]
    receipts = [forgetting.carry_out(school, request.id) for request in asked if request]
    assert [(receipt or {})["serving"] for receipt in receipts] == ["C1@v2", "C1@v2"]
    with school.database.read() as session:
        assert [night.verdict for night in session.query(Night).filter_by(kind="forget").order_by(Night.id)] == ["promoted", "skipped"]


def test_where_the_rebuild_fails_the_tainted_files_are_gone_and_it_is_told_once(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = teach(school, *TAUGHT)
    sleep(school, channel)

    def full(*_: object, **__: object) -> None:
        raise NightschoolError("no room on the disk")

    monkeypatch.setattr(nights, "consolidate", full)
    monkeypatch.setattr(forgetting, "REST", timedelta(0))
    with school.database.write() as session:
        request = lessons.forget(session, channel, [lessons.in_force(session, channel)[-1].id], "U1")
    assert request
    for _ in range(2):
        with pytest.raises(NightschoolError):
            forgetting.carry_out(school, request.id)
    assert not (school.settings.adapters / "C1@v1").exists()
    with school.database.read() as session:
        told = [row.text for row in session.query(Announcement).filter(Announcement.key.startswith("night-")) if "without what was forgotten" in row.text]
        assert len(told) == 1
        assert "no room on the disk" in told[0]
    monkeypatch.setattr(nights, "consolidate", consolidate)
    assert (forgetting.carry_out(school, request.id) or {})["serving"] == "C1@v2"


def test_no_byte_of_what_was_forgotten_stays_in_the_database(school: School) -> None:
    channel = teach(school, "The vault code of the lab is 9917.")
    forget(school, channel, "vault code")
    files = list(school.settings.home.glob("nightschool.db*"))
    assert files
    assert not [file.name for file in files if b"9917" in file.read_bytes()]


def test_the_engine_lets_go_of_every_adapter_that_knew_it(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = teach(school, TAUGHT[2])
    with school.database.write() as session:
        made = registry.reserve(
            session, channel, nights.open_another(session, channel, DAY, "sleep"), school.base.hash, lessons.in_force(session, channel), "s"
        )
        registry.promote(session, made, set())
    gone: set[str] = set()
    monkeypatch.setattr(Client, "loaded", lambda self: [made.name, "C2@v1"])
    monkeypatch.setattr(Client, "unload", lambda self, name: gone.add(name))
    assert forget(school, channel, "door code")["tainted"] == [made.name]
    assert gone == {made.name}
