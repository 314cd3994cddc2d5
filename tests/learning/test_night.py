import json

import pytest

from learning import publication, registry
from learning.memory import channels, lessons, log, privacy
from learning.memory.words import digest
from learning.model.client import EngineError
from learning.night import exam, morning, nights, report, selection
from learning.records import Adapter, Announcement, Channel, ExamAnswer, Message, Night, Question, StudyItemRecord, Work, now
from learning.school import School
from tests.conftest import TAUGHT, statements
from tests.learning.conftest import DAY, TOLD, noticed, opted_in, say, sleep, teach

pytestmark = pytest.mark.usefixtures("trained_once")


def test_a_night_trains_examines_promotes_and_the_next_has_nothing_to_do(school: School, trained_anew: None) -> None:
    channel = teach(school, *TAUGHT)
    night = sleep(school, channel)
    assert (night.state, night.verdict) == (Work.DONE, "promoted")
    with school.database.read() as session:
        adapter = registry.serving(session, channel)
        assert adapter
        assert adapter.name == "C1@v1"
        assert registry.lesson_ids(session, adapter) == {lesson.id for lesson in lessons.in_force(session, channel)}
        asked = [question.question for question in exam.questions(statements(*TAUGHT)) if question.kind != "general"]
        assert [a.question for a in session.query(ExamAnswer).order_by(ExamAnswer.id) if a.kind != "general"] == asked
        assert session.query(StudyItemRecord).count() > 20
        assert session.query(Announcement).count() == 1
    manifest = publication.read_manifest(school.adapter(adapter).folder)
    assert manifest["base"]["hash"] == school.base.hash
    assert len(manifest["training"]["probes"]) == 8
    assert sleep(school, channel).verdict == "skipped"


def test_a_question_that_people_approve_is_news_and_none_once_they_take_it_back(school: School) -> None:
    channel = teach(school, *TAUGHT)
    sleep(school, channel)
    with school.database.write() as session:
        scanner = next(lesson for lesson in lessons.in_force(session, channel) if "scanner" in lesson.text)
        answered = {"lessons": [scanner.id]}
        session.add(
            Question(channel_id=channel.id, ts="1.0", author="U2", text="whose is the barcode scanner?", state=Work.DONE, answer=answered, reply_ts="1.1")
        )
        assert not selection.select(session, channel, school.base.hash).news
        log.react(session, channel, "1.1", "U2", "+1")
        session.flush()
        assert selection.select(session, channel, school.base.hash).news
        log.unreact(session, channel, "1.1", "U2", "+1")
        session.flush()
        assert not selection.select(session, channel, school.base.hash).news


def test_the_morning_tells_what_was_taught_and_what_nobody_could_answer(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    with school.database.write() as session:
        told = {"how": "abstained", "lessons": []}
        session.add(Question(channel_id=channel.id, ts="1.0", author="U1", text="who feeds the otter?", state=Work.DONE, answer=told))
    sleep(school, channel)
    with school.database.read() as session:
        said = session.query(Announcement).filter(Announcement.key.startswith("night-")).one().text
    assert said.startswith("Good morning!")
    assert "1 taught" in said
    assert "I could not answer 1 question:" in said
    assert "1. Somebody asked: who feeds the otter? Who knows?" in said
    with school.database.write() as session:
        session.add(Message(channel_id=channel.id, ts="1.0", author="U1", text="who feeds the otter?"))
        session.flush()
        privacy.opt_out(session, channel.team_id, "U1")
    with school.database.read() as session:
        assert not any("otter" in row.text for row in session.query(Announcement)), "whoever opts out takes their words along"
    assert morning.curve([0.0, 0.5, 1.0]) == "▁▅█"


def test_a_channel_without_lessons_has_no_night(school: School) -> None:
    assert sleep(school, teach(school)).verdict == "skipped"


def test_a_night_that_somebody_asked_for_says_why_nothing_came_of_it(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    sleep(school, channel)
    sleep(school, channel)
    with school.database.read() as session:
        told = session.query(Announcement).order_by(Announcement.id.desc()).first()
        assert told
        assert told.text == "I did not study: nothing new to learn. I go on answering as before."


def test_a_held_candidate_does_not_serve(school: School) -> None:
    strict = School(school.settings.model_copy(update={"promote_at": 1.0}), school.database, school.base)
    channel = teach(school, *TAUGHT)
    assert sleep(strict, channel).verdict == "held"
    with school.database.read() as session:
        assert registry.serving(session, channel) is None
    assert sleep(strict, channel).verdict == "skipped", "the same lessons would give the same bytes"


def test_one_night_of_a_channel_at_a_time_and_a_second_holder_gets_none(school: School) -> None:
    channel = teach(school, *TAUGHT)
    with school.database.write() as session:
        first, second = nights.open_night(session, channel, DAY, "nightly"), nights.open_night(session, channel, DAY, "sleep")
    got: list[Night | None] = []

    def watch(stage: str, share: float) -> None:
        if stage == "study" and not got:
            got.extend([nights.hold_night(school, first.id), nights.hold_night(school, second.id)])

    nights.hold_night(school, first.id, watch)
    assert got == [None, None]


def test_a_night_cut_off_at_its_exam_is_resumed_there_unless_the_lessons_changed(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    with school.database.write() as session:
        night = nights.open_another(session, channel, DAY, "sleep")
    of_another_life = school.settings.adapters / "C1@v1"  # as a restored database finds it
    of_another_life.mkdir(parents=True)
    (of_another_life / publication.MANIFEST).write_text(json.dumps({"base": {"hash": school.base.hash}, "lessons": [], "files": {}}))

    def stages(until: str = "") -> list[str]:
        """The stages of an attempt that is cut off at one of them."""
        seen: list[str] = []

        def watch(stage: str, share: float) -> None:
            seen.extend([stage] if stage not in seen else [])
            if stage == until:
                raise KeyboardInterrupt

        try:
            nights.hold_night(school, night.id, watch)
        except KeyboardInterrupt:
            seen.append("cut off")
        return seen

    assert stages(until="exam") == ["study", "training", "exam", "cut off"]
    assert stages(until="exam") == ["study", "exam", "cut off"]
    teach(school, TAUGHT[1])
    assert stages() == ["study", "training", "exam", "promotion"]
    with school.database.read() as session:
        adapter = registry.serving(session, channel)
        assert adapter
        manifest = publication.read_manifest(school.adapter(adapter).folder)
        assert manifest["lessons"] == sorted(digest(text) for text in TAUGHT[:2])
        assert {a.name: a.state for a in session.query(Adapter)} == {"C1@v1": "pruned", "C1@v2": "serving"}, "a name never changes its content"
    assert not (school.settings.adapters / "C1@v1").exists()


def test_a_night_whose_engine_fails_waits_for_another_try(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    dead = School(school.settings.model_copy(update={"engine_url": "http://127.0.0.1:9"}), school.database, school.base)
    with school.database.write() as session:
        night = nights.open_another(session, channel, DAY, "sleep")
    with pytest.raises(EngineError):
        nights.hold_night(dead, night.id)
    with school.database.read() as session:
        assert nights.abandoned(session) == [], "it rests: an engine takes a while to start"
    with school.database.write() as session:
        session.get_one(Night, night.id).heartbeat_at = now() - nights.REST
        assert nights.abandoned(session) == [night.id]
    held = nights.hold_night(school, night.id)
    assert held
    assert held.verdict == "promoted"


def test_a_night_that_ends_its_worker_each_time_is_not_tried_for_ever(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    with school.database.write() as session:
        night = nights.open_another(session, channel, DAY, "sleep")
        night.generation = nights.MOST_CUTS
    held = nights.hold_night(school, night.id)
    assert held
    assert held.state == Work.FAILED
    with school.database.read() as session:
        assert "again and again" in session.query(Announcement).one().text


def test_what_was_noticed_before_a_night_was_cut_off_is_told_too(school: School) -> None:
    with school.database.write() as session:
        channel = opted_in(session)
        night = nights.open_another(session, channel, DAY, "sleep")
    say(school.database, channel, TOLD)
    noticed(school.database, channel)  # by the night's first attempt
    nights.hold_night(school, night.id)
    with school.database.read() as session:
        assert session.query(Announcement).filter_by(key=f"noticed-{night.id}").one().text == report.noticed_text(1)


def test_night_falls_once_for_each_channel_and_is_over_where_there_is_nothing_to_study(school: School) -> None:
    teach(school, TAUGHT[0], handle="C1")
    teach(school, handle="C2")
    with school.database.write() as session:
        assert len(nights.fall(session, now(), 2, DAY)) == len(nights.fall(session, now(), 2, DAY)) == 1
        assert session.query(Night).count() == 2


def test_a_night_that_fell_before_its_channel_was_paused_is_not_held(school: School) -> None:
    channel = teach(school, TAUGHT[0])
    with school.database.write() as session:
        night = nights.open_night(session, channel, DAY, "nightly")
        session.get_one(Channel, channel.id).paused_at = now()
    held = nights.hold_night(school, night.id)
    assert held
    assert (held.verdict, (held.report_card or {})["reason"]) == ("skipped", "its nights are paused")


def test_what_is_too_long_to_be_said_by_heart_is_looked_up(school: School) -> None:
    long = "Whoever packs pallets in hall 4 must " + ", ".join(f"check the label of box {number} and sign for it" for number in range(1, 16)) + "."
    channel = teach(school, TAUGHT[0], long)
    sleep(school, channel)
    with school.database.read() as session:
        adapter = registry.serving(session, channel)
        assert adapter
        (learned,) = registry.lesson_ids(session, adapter)
        left = next(lesson for lesson in lessons.in_force(session, channel) if lesson.id != learned)
        night = session.get_one(Night, adapter.night_id)
    assert (left.text, left.status) == (long, "external")
    assert (night.report_card or {})["left_out"] == {str(left.id): "it is too long to be said by heart"}


def test_long_nights_tell_how_many_lessons_fit_however_few_they_were(school: School) -> None:
    with school.database.write() as session:
        channel = channels.by_handle(session, "C1")
        for _ in range(7):
            taught = selection.room(session, channel, 60)
            night = nights.open_another(session, channel, DAY, "sleep")
            night.state, night.verdict = Work.DONE, "promoted"
            night.report_card = {"lessons": min(60, taught), "spent": {"seconds": 200 * min(60, taught)}}
            session.flush()
        assert selection.room(session, channel, 60) == 18
