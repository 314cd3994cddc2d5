import threading
import time
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import inspect, text

from learning import leases
from learning.database import Database, DatabaseError, migrate, open_database
from learning.memory import channels, lessons, log, privacy, proposals
from learning.night.vigil import keep
from learning.records import Channel, ImportedFile, Lesson, LessonStatus, Message, Night, Record, Work, now
from learning.settings import Settings


def a_night(database: Database) -> Night:
    with database.write() as session:
        night = Night(channel_id=channels.ensure(session, "T1", "C1").id, date=date(2026, 1, 1), kind="nightly")
        session.add(night)
        session.flush()
        return night


def test_the_migrations_make_the_tables_of_the_models(either: Database) -> None:
    made = inspect(either.engine)
    assert set(made.get_table_names()) == {*Record.metadata.tables, "alembic_version"}
    for name, table in Record.metadata.tables.items():
        assert {column["name"] for column in made.get_columns(name)} == {column.name for column in table.columns}


def test_the_way_down_leaves_nothing_behind(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        log.record(session, ops, [log.Utterance("1.0", "U1", "hello")])
        lesson = lessons.teach(session, ops, "The door code is 7341.", "U1")
        proposals.rest(session, lesson, ["1.0"])
        lessons.forget(session, ops, [lesson.id], "U1")
    a_night(either)
    migrate(either.engine, "base")
    assert set(inspect(either.engine).get_table_names()) <= {"alembic_version"}


def test_the_second_migration_goes_up_and_down_without_losing_what_was_there(either: Database) -> None:
    night = a_night(either)
    with either.write() as session:
        channel = session.get_one(Channel, night.channel_id)
        log.record(session, channel, [log.Utterance("1.0", "U1", "hello")])
        lessons.teach(session, channel, "The door code is 7341.", "U1")
    for _ in range(2):
        migrate(either.engine, "0001")
        assert not {"people", "readings"} & set(inspect(either.engine).get_table_names())
        migrate(either.engine)
    with either.read() as session:
        assert [m.text for m in session.query(Message)] == ["hello"]
        assert [(x.text, x.origin) for x in session.query(Lesson)] == [("The door code is 7341.", "taught")]
        assert session.get_one(Night, night.id).kind == "nightly"


def test_what_was_said_before_anybody_agreed_is_not_looked_at_after_an_upgrade(either: Database) -> None:
    migrate(either.engine, "0006")
    with either.write() as session:
        rooms = [channels.ensure(session, "T1", slack_id) for slack_id in ("C1", "C2", "C3")]
        privacy.attest(session, "T1", "U0")
        rooms[1].learns_since = now()
        channels.ensure(session, "T2", "C4").learns_since = now()
        session.add(ImportedFile(channel_id=rooms[2].id, name="2026-01-01.json", fingerprint="1"))
        for room in rooms:
            log.record(session, room, [log.Utterance("1.0", "U1", "hello")])
    migrate(either.engine)
    with either.read() as session:
        assert [m.off_record for m in session.query(Message).order_by(Message.channel_id)] == [True, False, False]
        assert [bool(room.learns_since) for room in session.query(Channel).order_by(Channel.id)] == [False, True, False, False]


def test_of_many_who_see_a_channel_first_all_get_the_same(either: Database) -> None:
    seen: list[int] = []

    def first_sight() -> None:
        with either.write() as session:
            seen.append(channels.ensure(session, "T1", "C9").id)

    threads = [threading.Thread(target=first_sight) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_of_many_claimants_one_gets_the_row(either: Database) -> None:
    night = a_night(either)
    taken: list[Night] = []

    def claimant() -> None:
        with either.write() as session:
            if won := leases.claim(session, Night, 30, Night.id == night.id):
                taken.append(won)

    threads = [threading.Thread(target=claimant) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [n.generation for n in taken] == [1]


def test_a_silent_holder_loses_its_claim_and_cannot_publish(either: Database) -> None:
    night = a_night(either)
    with either.write() as session:
        first = leases.claim(session, Night, 30, Night.id == night.id)
    assert first
    with either.write() as session:
        session.get_one(Night, night.id).lease_until = now() - timedelta(seconds=1)
    with either.write() as session:
        second = leases.claim(session, Night, 30, Night.id == night.id)
        assert second
        assert second.generation == 2
    with either.write() as session:
        first.generation = 1
        assert not leases.renew(session, first, 30)
        assert not leases.finish(session, first, Work.DONE)
        second.generation = 2
        assert leases.finish(session, second, Work.DONE)
    with either.read() as session:
        assert session.get_one(Night, night.id).state == Work.DONE


def test_times_keep_their_zone(either: Database) -> None:
    night = a_night(either)
    with either.read() as session:
        assert session.get_one(Night, night.id).created_at.utcoffset() == timedelta(0)


def test_data_of_a_newer_version_is_one_clear_line(settings: Settings) -> None:
    database = open_database(settings)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="another version"):
        open_database(settings)


def test_opening_twice_is_harmless_and_a_bad_place_is_one_clear_line(settings: Settings) -> None:
    open_database(settings)
    open_database(settings)
    with pytest.raises(DatabaseError, match="NIGHTSCHOOL_DATABASE_URL"):
        open_database(settings.model_copy(update={"database_url": "sqlite:////no/such/folder/x.db"}))


def test_who_writes_does_not_wait_for_a_log_that_is_written_over_while_somebody_reads(settings: Settings) -> None:
    database = open_database(settings)
    with database.read() as reading:
        assert reading.query(Channel).count() == 0
        scrubbing = threading.Thread(target=database.scrub)
        scrubbing.start()
        for number in range(3):  # refused after ten seconds, if it had to
            with database.write() as session:
                channels.ensure(session, "T1", f"C{number}")
    scrubbing.join()
    assert (settings.home / "nightschool.db-wal").stat().st_size == 0


def test_what_is_forgotten_while_somebody_approves_its_successor_stays_forgotten(either: Database) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def alike(_: str, others: Sequence[str]) -> list[float]:
        if threading.current_thread().name == "approver":
            asked.set()
            go_on.wait(1.0)
        return [0.95] * len(others)

    database = Database(either.engine, alike=alike)
    with database.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        old = lessons.teach(session, ops, "The door code of the lab is 7341.", "U1", admin=True)
        new = lessons.teach(session, ops, "The door code of the lab is now 9922.", "U2", propose=True)

    def approve() -> None:
        with database.write() as session:
            proposals.approve(session, session.get_one(Channel, ops.id), [new.id])

    approver = threading.Thread(target=approve, name="approver")
    approver.start()
    assert asked.wait(10)
    with database.write() as session:
        lessons.forget(session, session.get_one(Channel, ops.id), [old.id], "U1")
    go_on.set()
    approver.join()
    with database.read() as session:
        assert session.get_one(Lesson, old.id).status == LessonStatus.FORGOTTEN


def test_a_claim_is_renewed_as_long_as_the_work_lasts(either: Database) -> None:
    row = a_night(either)
    with either.write() as session:
        held = leases.claim(session, Night, 2.0, Night.id == row.id)
    assert held
    until = held.lease_until
    assert until
    deadline = time.monotonic() + 30
    with keep(either, held, 2.0, lambda stage, share: None):
        while time.monotonic() < deadline:
            with either.read() as session:
                if (session.get_one(Night, row.id).lease_until or until) > until:
                    return
            time.sleep(0.05)
    pytest.fail("its claim ran out")
