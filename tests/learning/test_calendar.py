"""Nights fall by each channel's own clock."""

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from learning import registry
from learning.database import Database
from learning.memory import channels, lessons
from learning.night import calendar, nights
from learning.records import Announcement, Channel, Night, Work, now
from learning.school import School
from learning.settings import Settings

PARIS, TOKYO, LIMA = (ZoneInfo(zone) for zone in ("Europe/Paris", "Asia/Tokyo", "America/Lima"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def taught(database: Database, zone: str | None = None, created: datetime | None = None, slack_id: str = "C1") -> int:
    with database.write() as session:
        channel = channels.ensure(session, "T1", slack_id)
        channel.time_zone, channel.created_at = zone, created or at("2026-01-01 12:00")
        lessons.teach(session, channel, "The door code is 7341.", "U1")
        return channel.id


def fall(database: Database, moment: str) -> list[date]:
    with database.write() as session:
        return [session.get_one(Night, number).date for number in nights.fall(session, at(moment), 2)]


@pytest.mark.parametrize(
    ("moment", "zone", "due"),
    [
        ("2026-03-10 00:59", PARIS, date(2026, 3, 9)),
        ("2026-03-10 01:00", PARIS, date(2026, 3, 10)),
        ("2026-03-09 17:00", TOKYO, date(2026, 3, 10)),
        ("2026-03-10 06:59", LIMA, date(2026, 3, 9)),
        ("2026-03-29 00:59", PARIS, date(2026, 3, 28)),
        ("2026-03-29 01:00", PARIS, date(2026, 3, 29)),
        ("2026-10-25 00:00", PARIS, date(2026, 10, 25)),
        ("2026-10-25 01:00", PARIS, date(2026, 10, 25)),
    ],
)
def test_a_night_begins_at_its_hour_by_the_local_clock_also_when_that_is_changed(moment: str, zone: ZoneInfo, due: date) -> None:
    assert calendar.due(at(moment), zone, 2) == due


def test_the_hour_that_daylight_saving_leaves_out_comes_anyway() -> None:
    assert calendar.begins(date(2026, 3, 29), PARIS, 2) == at("2026-03-29 01:00")
    assert calendar.begins(date(2026, 10, 25), PARIS, 2) == at("2026-10-25 00:00")


def test_each_night_falls_once_and_a_year_has_as_many_as_days(either: Database) -> None:
    taught(either, "Europe/Paris")
    fallen: list[date] = []
    moment = at("2026-03-28 12:00")
    for _ in range(3 * 24 * 6):
        moment += timedelta(minutes=10)
        due = fall(either, moment.strftime("%Y-%m-%d %H:%M"))
        fallen += [day for day in due if day not in fallen]
    assert fallen == [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30), date(2026, 3, 31)], "the first was missed, and is made up"


def test_a_first_night_is_not_made_up_by_day_and_missed_ones_are_made_up_once(either: Database) -> None:
    taught(either, created=at("2026-03-10 09:00"))
    assert fall(either, "2026-03-10 15:00") == [], "it was met after the night had begun"
    assert fall(either, "2026-03-11 02:00") == [date(2026, 3, 11)]
    with either.write() as session:
        session.query(Night).update({"state": Work.DONE})
    assert fall(either, "2026-03-11 02:10") == []
    assert fall(either, "2026-03-15 16:00") == [date(2026, 3, 15)], "four nights were missed while the machine was off"


def test_a_channel_with_nothing_to_study_is_noted_and_skipped(either: Database) -> None:
    with either.write() as session:
        channels.ensure(session, "T1", "C7").created_at = at("2026-01-01 12:00")
    assert fall(either, "2026-03-11 02:00") == []
    with either.write() as session:
        lessons.teach(session, channels.ensure(session, "T1", "C7"), "The door code is 7341.", "U1")
    assert fall(either, "2026-03-11 14:00") == [], "what is taught by day waits for the night"
    assert fall(either, "2026-03-12 02:00") == [date(2026, 3, 12)]


def test_archived_and_left_channels_have_no_nights(either: Database) -> None:
    first, second = taught(either), taught(either, slack_id="C2")
    with either.write() as session:
        session.get_one(Channel, first).archived_at = now()
        channels.leave(session.get_one(Channel, second))
    assert fall(either, "2026-03-11 02:00") == []


def test_two_beats_at_once_open_one_night(either: Database) -> None:
    taught(either)
    threads = [threading.Thread(target=fall, args=(either, "2026-03-11 02:00")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with either.read() as session:
        assert session.query(Night).count() == 1


def test_who_waited_longest_comes_first(either: Database) -> None:
    first, second = taught(either), taught(either, slack_id="C2")
    with either.write() as session:
        session.add(Night(channel_id=first, date=date(2026, 3, 10), kind="nightly", state=Work.DONE, verdict="promoted", finished_at=at("2026-03-10 03:00")))
    with either.write() as session:
        due = nights.fall(session, at("2026-03-11 02:00"), 2)
        assert [session.get_one(Night, number).channel_id for number in due] == [second, first]


def test_what_has_not_begun_by_morning_is_left_and_told(school: School) -> None:
    moment = now()
    hours = {"night_hour": (moment.hour - 2) % 24, "morning_hour": (moment.hour - 1) % 24}
    early = School(school.settings.model_copy(update=hours), school.database, school.base)
    day = (moment - timedelta(hours=2)).date()
    channel = taught(school.database)
    with school.database.write() as session:
        night = nights.open_night(session, session.get_one(Channel, channel), day, "nightly")
        night.created_at = now() - timedelta(hours=5)
        serving = registry.reserve(session, session.get_one(Channel, channel), night, "base", lessons.in_force(session, session.get_one(Channel, channel)), "")
        registry.promote(session, serving, set())
        lessons.teach(session, session.get_one(Channel, channel), "The canteen closes at two.", "U1")
    held = nights.hold_night(early, night.id)
    assert held
    assert (held.state, held.verdict) == (Work.SKIPPED, "left")
    with school.database.read() as session:
        told = session.query(Announcement).filter_by(key=f"night-{night.id}").one().text
        assert "1 lessons wait" in told, "not what the serving adapter was trained on, though its exam proved nothing"


def test_a_night_that_was_opened_late_is_made_up_by_day() -> None:
    morning = calendar.comes(date(2026, 3, 11), ZoneInfo("UTC"), Settings(night_hour=2, morning_hour=7))
    assert not calendar.too_late(at("2026-03-11 09:00"), at("2026-03-11 09:05"), morning)
    assert calendar.too_late(at("2026-03-11 02:00"), at("2026-03-11 07:00"), morning)
    assert not calendar.too_late(at("2026-03-11 02:00"), at("2026-03-11 06:59"), morning)


def test_a_night_that_begins_before_midnight_ends_in_the_morning_after() -> None:
    late = Settings(night_hour=22)
    assert calendar.comes(date(2026, 3, 11), ZoneInfo("UTC"), late) == at("2026-03-12 07:00")


def test_who_was_cut_off_or_asked_for_a_night_does_not_go_to_the_end_of_the_queue(either: Database) -> None:
    for slack_id in ("C1", "C2", "C3"):
        taught(either, slack_id=slack_id)
    with either.write() as session:
        fallen = nights.fall(session, now(), 2, date(2026, 1, 5))
        asked = nights.open_another(session, session.query(Channel).filter_by(slack_id="C3").one(), date(2026, 1, 5), "sleep")
        cut_off = session.get_one(Night, fallen[1])
        cut_off.state, cut_off.lease_until = Work.RUNNING, now() - timedelta(minutes=1)
        session.flush()
        assert nights.before_others(session) == [cut_off.id, asked.id]


@pytest.mark.parametrize("why", ["paused_at", "left_at", "archived_at"])
def test_nights_that_are_resumed_by_day_begin_at_night(either: Database, why: str) -> None:
    first = taught(either)
    with either.write() as session:
        setattr(session.get_one(Channel, first), why, at("2026-03-09 12:00"))
    assert fall(either, "2026-03-11 02:00") == []
    with either.write() as session:
        setattr(session.get_one(Channel, first), why, None)
    assert fall(either, "2026-03-11 11:00") == []
    assert fall(either, "2026-03-12 02:00") == [date(2026, 3, 12)]
