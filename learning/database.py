"""Opening the database: SQLite made safe for several processes, or PostgreSQL; migrations run at start."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from learning.errors import NightschoolError
from learning.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseError(NightschoolError):
    """The database cannot be opened."""


class Database:
    """Sessions of one database. Commit once, at the boundary: `with database.write() as session`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(writes=True)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back. On SQLite it holds the only write lock: no network inside."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; nothing is kept."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def scrub(self) -> None:
        """Have SQLite overwrite its write-ahead log, where erased text would stay for a while. PostgreSQL's is the administrator's."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def open_database(settings: Settings) -> Database:
    """Connect and bring the tables up to date. Raises DatabaseError."""
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        database = Database(connect(settings.sqlalchemy_url))
        with FileLock(settings.home / "migrations.lock"):
            migrate(database.engine)
    except OperationalError as error:
        where = "NIGHTSCHOOL_DATABASE_URL" if settings.database_url else f"the folder {settings.home} (permissions, disk space)"
        raise DatabaseError(f"the database cannot be opened ({error.orig}): check {where}.") from None
    return database


def connect(url: str) -> Engine:
    """An engine with the right transaction mode for its database."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 10, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver's own transactions begin too late to be safe
        for pragma in ("journal_mode=WAL", "busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def migrate(engine: Engine, target: str = "head") -> None:
    """Run the migrations that are missing."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if target == "head" and current == ScriptDirectory.from_config(config).get_current_head():
        return
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        if target == "base":
            command.downgrade(config, target)
        else:
            command.upgrade(config, target)
