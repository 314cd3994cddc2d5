"""A night that must stop."""

import threading
import time

import pytest

from learning import registry
from learning.memory import finding, lessons
from learning.night import consolidation, nights
from learning.records import Night, now
from learning.school import School
from tests.conftest import TAUGHT
from tests.learning.conftest import DAY, teach

pytestmark = pytest.mark.usefixtures("trained_once")


def test_a_lesson_forgotten_while_it_is_studied_breaks_the_night(school: School, trained_anew: None) -> None:
    channel = teach(school, *TAUGHT)
    with school.database.write() as session:
        night = nights.open_another(session, channel, DAY, "sleep")
    training = threading.Event()

    def forget_meanwhile() -> None:
        training.wait(60)
        with school.database.write() as session:
            lessons.forget(session, channel, [x.id for x in finding.find(session, channel, "door code")], "U1")

    meanwhile = threading.Thread(target=forget_meanwhile)
    meanwhile.start()
    held = nights.hold_night(school, night.id, lambda stage, share: training.set() if stage == "training" else None)
    meanwhile.join()
    assert held
    assert held.verdict == "tainted"
    with school.database.read() as session:
        assert registry.serving(session, channel) is None


def test_an_exam_ends_once_what_it_asks_for_was_forgotten(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consolidation, "TOGETHER", 1)
    channel = teach(school, *TAUGHT)
    with school.database.write() as session:
        night = nights.open_another(session, channel, DAY, "sleep")
    asked: list[float] = []

    def watch(stage: str, share: float) -> None:
        if stage != "exam" or not share:
            return
        asked.append(share)
        if len(asked) == 1:
            with school.database.write() as session:
                lessons.forget(session, channel, [lessons.in_force(session, channel)[-1].id], "U1")
            after = now()
            while True:  # the next heartbeat sees it
                with school.database.read() as session:
                    beat = session.get_one(Night, night.id).heartbeat_at
                if beat and beat > after:
                    break
                time.sleep(0.05)

    held = nights.hold_night(school, night.id, watch)
    assert held
    assert (held.verdict, len(asked)) == ("tainted", 1)
