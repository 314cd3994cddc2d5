import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect

from learning import leases
from learning.database import Database, DatabaseError, connect, migrate, open_database
from learning.memory import channels
from learning.records import Night, Record, Work, now
from learning.settings import Settings
from tests.conftest import empty_database


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The same tests on both databases."""
    url = f"sqlite:///{tmp_path / 'x.db'}" if request.param == "sqlite" else empty_database(request.getfixturevalue("postgres"), tmp_path.name)
    engine = connect(url)
    migrate(engine)
    yield Database(engine)
    migrate(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}, "the way down leaves nothing behind"
    engine.dispose()


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


def test_opening_twice_is_harmless_and_a_bad_place_is_one_clear_line(settings: Settings) -> None:
    open_database(settings)
    open_database(settings)
    with pytest.raises(DatabaseError, match="NIGHTSCHOOL_DATABASE_URL"):
        open_database(settings.model_copy(update={"database_url": "sqlite:////no/such/folder/x.db"}))
