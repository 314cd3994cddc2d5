"""Opening the database: SQLite made safe for several processes, or PostgreSQL; migrations run at start."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from learning.errors import NightschoolError
from learning.records import Record
from learning.settings import Settings

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE = 60  # times that it is tried to do without readers, a second apart
WAITING = 10_000  # milliseconds that SQLite waits for others
MIGRATION_LOCK = 0x6E69676874  # any number that nobody else takes on this database


class DatabaseError(NightschoolError):
    """The database cannot be opened."""


class Database:
    """Sessions of one database. Commit once, at the boundary: `with database.write() as session`."""

    def __init__(self, engine: Engine, **carried: Any) -> None:
        """`carried` is the `info` of all sessions: `alike` tells there which lesson another replaces; without it none does."""
        self.engine, self.carried = engine, carried
        self._writing = engine.execution_options(writes=True)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back. On SQLite it holds the only write lock: no network inside."""
        with Session(self._writing, expire_on_commit=False, info=self.carried) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; nothing is kept."""
        with Session(self.engine, expire_on_commit=False, info=self.carried) as session:
            yield session

    def scrub(self) -> None:
        """Have SQLite empty its write-ahead log, where erased text would stay for a while. PostgreSQL's is the administrator's."""
        if self.engine.dialect.name != "sqlite":
            return
        for _ in range(PATIENCE):  # while somebody reads, it cannot be done; waiting for them in the call would keep all others from writing
            with self.engine.connect() as connection:
                execute = connection.connection.execute
                execute("PRAGMA busy_timeout=0")
                try:
                    busy, *_ = execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    execute(f"PRAGMA busy_timeout={WAITING}")
            if not busy:
                return
            time.sleep(1.0)
        logger.error("erased text may stay in the write-ahead log of the database until it is next written over: somebody kept reading")


def add_missing(session: Session, table: type[Record], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, leaving out those that are there already, by any unique key; two processes may do so at once."""
    if rows:
        session.execute(_insert(session, table).on_conflict_do_nothing(), list(rows))


def add_once(session: Session, table: type[Record], **values: Any) -> bool:
    """Insert a row. False when one with an equal unique key is there already, also when another process was faster by a moment."""
    added = _insert(session, table).values(**values).on_conflict_do_nothing().returning(*inspect(table).primary_key)
    return session.execute(added).first() is not None


def _insert(session: Session, table: type[Record]) -> Any:
    return postgresql.insert(table) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(table)


def open_database(settings: Settings, **carried: Any) -> Database:
    """Connect and bring the tables up to date. Raises DatabaseError."""
    settings.make_home()
    try:
        database = Database(connect(settings.sqlalchemy_url), **carried)
        with FileLock(settings.home / "migrations.lock"):
            migrate(database.engine)
    except CommandError as error:
        raise DatabaseError(f"this data was written by another version of Nightschool ({error}): update it, or go back to that one.") from None
    except (DBAPIError, ArgumentError, ValueError, ImportError) as error:  # refused; no address, or port; of a database whose driver is not there
        where = "NIGHTSCHOOL_DATABASE_URL" if settings.database_url else f"the folder {settings.home} (permissions, disk space)"
        why = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseError(f"the database cannot be opened ({why}): check {where}.") from None
    return database


def connect(url: str) -> Engine:
    """An engine with the right transaction mode for its database."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)  # what people wrote belongs into no log
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 10, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver's own transactions begin too late to be safe
        for pragma in ("journal_mode=WAL", f"busy_timeout={WAITING}", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def migrate(engine: Engine, target: str = "head") -> None:
    """Run the migrations that are missing, or, with an earlier revision as the target, undo the later ones."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if target == "head" and current == ScriptDirectory.from_config(config).get_current_head():
        return
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        if engine.dialect.name == "postgresql":  # several hosts may start at once
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        if target == "head":
            command.upgrade(config, target)
        else:
            command.downgrade(config, target)
