"""A bot in this process: the real Bolt app over Socket Mode against a sandbox, with an engine, and without workers."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bot.app import Bot
from bot.sandbox import server
from bot.sandbox.workspace import APP_TOKEN, BOT_TOKEN
from learning.model.client import Client
from learning.school import open_school
from learning.settings import Settings
from tests.conftest import CACHE, Running

NOWHERE = "redis://127.0.0.1:9/0"  # jobs wait in their rows


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, shared_engine: Client) -> Iterator[Running]:
    with server.running() as site:
        settings = Settings(
            home=tmp_path_factory.mktemp("home"), cache=CACHE, base_model="tiny", engine_url=shared_engine.url, redis_url=NOWHERE, promote_at=0.0,
            slack_api_url=f"{site}/api/", slack_bot_token=SecretStr(BOT_TOKEN), slack_app_token=SecretStr(APP_TOKEN),
        )  # fmt: skip
        school = open_school(settings)
        started = Bot(school)
        started.start()
        everything = Running(school, None, site)
        everything.ana.wait(lambda: everything.ana.state()["connected"], 60)
        yield everything
        started.stop()
