"""What is studied of what a channel knows, as nights go on."""

from learning import registry
from learning.memory import channels, lessons, log
from learning.night import nights, report, selection
from learning.school import School
from tests.learning.conftest import DAY


def test_a_slower_night_unlearns_nothing_and_a_rebuild_keeps_what_is_not_to_be_forgotten(school: School) -> None:
    with school.database.write() as session:
        channel = channels.by_handle(session, "C1")
        known = [lessons.teach(session, channel, f"Gate {number} opens at {5 + number}:00.", "U1") for number in range(4)]
        night = nights.open_another(session, channel, DAY, "sleep")
        chosen = selection.select(session, channel, "base")
        registry.promote(session, registry.reserve(session, channel, night, "base", chosen.kept, chosen.studied), set())
        night.report_card = {"studied": chosen.studied}
        session.flush()
        assert not selection.select(session, channel, "base", most=2).news
        assert len(selection.select(session, channel, "base", most=2).kept) == 4
        lessons.teach(session, channel, "The vault opens at noon.", "U1")
        assert len(selection.select(session, channel, "base", most=2).kept) == 2
        lessons.forget(session, channel, [known[0].id], "U1")
        assert registry.most_learned(session, channel) == 4


def test_what_seemed_to_give_away_what_was_forgotten_is_tried_again(school: School) -> None:
    with school.database.write() as session:
        channel = channels.by_handle(session, "C1")
        lessons.teach(session, channel, "Gate 4 opens at six.", "U1")
        night = nights.open_another(session, channel, DAY, "forget")
        chosen = selection.select(session, channel, "base")
        registry.hold(session, registry.reserve(session, channel, night, "base", chosen.kept, chosen.studied), set())
        found = []
        for reason in ("it answered 10% of the exam", report.GAVE_AWAY):
            night.report_card = {"studied": chosen.studied, "reason": reason}
            session.flush()
            found.append(selection.select(session, channel, "base").news)
        assert found == [False, True]


def test_nor_where_not_all_lessons_had_fitted(school: School) -> None:
    with school.database.write() as session:
        channel = channels.by_handle(session, "C1")
        for number in range(5):
            lessons.teach(session, channel, f"Gate {number} opens at {5 + number}:00.", "U1")
        night = nights.open_another(session, channel, DAY, "sleep")
        chosen = selection.select(session, channel, "base", most=3)
        registry.promote(session, registry.reserve(session, channel, night, "base", chosen.kept, chosen.studied), set())
        slower, faster = (selection.select(session, channel, "base", most=most) for most in (2, 4))
        assert (slower.news, len(slower.kept)) == (False, 3)
        assert (faster.news, len(faster.kept)) == (True, 4)


def test_what_two_newer_ones_contradict_is_left_out_for_the_one_that_people_agree_with(school: School) -> None:
    with school.database.write() as session:
        channel = channels.by_handle(session, "C1")
        old, agreed, newest = (
            lessons.teach(session, channel, f"The {what} opens at noon.", "U1", source_ts=f"{at}.0") for at, what in enumerate(("gate", "lab", "vault"))
        )
        for user in ("U2", "U3"):
            log.react(session, channel, "2.0", user, "-1")
        session.flush()
        left = selection.select(session, channel, "base", contradicted={old.id: [agreed, newest]}).left_out
        assert left[old.id] == f"lesson {agreed.id}, which is newer, seems to contradict it"
        lessons.forget(session, channel, [agreed.id], "U1")
        assert old.id not in selection.select(session, channel, "base", contradicted={old.id: [agreed, newest]}).left_out
