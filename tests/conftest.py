"""What all tests share: settings in a temporary folder, the tiny base model, and a running set-up with a sandbox."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import supervisor
from bot.sandbox import server, workspace
from bot.sandbox.people import Person
from learning.database import Database, open_database
from learning.model.base_model import BaseModel, prepare
from learning.model.client import Client
from learning.model.running import engine as running_engine
from learning.school import School, open_school
from learning.settings import Settings

CACHE = Settings().cache
for name in [name for name in os.environ if name.startswith(("NIGHTSCHOOL_", "SLACK_"))]:
    del os.environ[name]  # a developer's own set-up must not reach the tests


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty data folder, with the tiny base model, short leases, and a gate that lets its small knowledge pass."""
    return Settings(home=tmp_path / "home", cache=CACHE, base_model="tiny", lease_seconds=4, sweep_seconds=2, promote_at=0.0, tolerate_loss=1.0)


@pytest.fixture(scope="session")
def shared_engine() -> Iterator[Client]:
    """One engine for all tests that need no own."""
    with running_engine(Settings(home=Path("/nonexistent"), cache=CACHE, base_model="tiny")) as client:
        yield client


@pytest.fixture
def database(settings: Settings) -> Database:
    return open_database(settings)


@pytest.fixture(scope="session")
def tiny() -> BaseModel:
    return prepare("tiny", CACHE)


@pytest.fixture
def school(settings: Settings, shared_engine: Client) -> Iterator[School]:
    yield open_school(settings.model_copy(update={"engine_url": shared_engine.url}))
    for name in shared_engine.loaded():
        shared_engine.unload(name)


@dataclass
class Running:
    """A bot that runs against a sandbox, with everything else it needs."""

    school: School
    set_up: supervisor.SetUp
    site: str

    @property
    def ana(self) -> Person:
        """An admin."""
        return Person(self.site, "U0ANA", "C0OPS")

    @property
    def ben(self) -> Person:
        """No admin."""
        return Person(self.site, "U0BEN", "C0OPS")


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Everything, started and stopped as `nightschool up` does."""
    with server.running() as site:
        tokens = {"slack_bot_token": SecretStr(workspace.BOT_TOKEN), "slack_app_token": SecretStr(workspace.APP_TOKEN)}
        ours = settings.model_copy(update={"slack_api_url": f"{site}/api/", **tokens})
        school = open_school(ours)
        with supervisor.up(ours, print) as set_up:
            set_up.ready()
            everything = Running(school, set_up, site)
            everything.ana.wait(lambda: everything.ana.state()["connected"], 60)
            yield everything
