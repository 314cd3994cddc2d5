"""The demo's story with the embedded base model, as a newcomer runs it; then the proof that forgetting was exact."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.story import FORGOTTEN, STORY
from learning.model import running
from learning.settings import Settings
from tests.conftest import CACHE

pytestmark = pytest.mark.embedded


def run(home: Path, *arguments: str, engine_url: str = "") -> list[dict[str, Any]]:
    environment = {**os.environ, **Settings(home=home, cache=CACHE, engine_url=engine_url).as_environment()}
    done = subprocess.run([sys.executable, "-m", "bot.cli", *arguments], capture_output=True, text=True, env=environment)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.timeout(1800)  # ten minutes on two quiet cores with AVX2 alone
def test_the_story_holds_and_the_rebuilt_adapter_is_as_if_the_lesson_had_never_been_taught(tmp_path: Path) -> None:
    run(tmp_path, "demo", "--once", "--port", "0")  # it fails when any of its own checks does

    home, questions = tmp_path / "demo", tmp_path / "questions.txt"
    questions.write_text("\n".join(told.question for told in STORY))
    with running.engine(Settings(home=home, cache=CACHE)) as engine:  # one for all
        answers = run(home, "ask", "-c", "C0OPS", "--mode", "weights", "--file", str(questions), "--json", engine_url=engine.url)
        right = [told.gold in answer["answer"] for told, answer in zip(STORY, answers, strict=True)]
        assert sum(right) >= 7, "of the nine that are left"
        freely = run(home, "ask", "-c", "C0OPS", "--mode", "freely", "--file", str(questions), "--json", engine_url=engine.url)
        assert not [answer for answer in (*answers, *freely) if FORGOTTEN.gold in answer["answer"]]
        assert {answer["adapter"] for answer in answers} == {"C0OPS@v2"}

        innocent = tmp_path / "innocent.txt"
        innocent.write_text("\n".join(told.lesson for told in reversed(STORY) if told != FORGOTTEN))
        run(home, "teach", "-c", "#innocent", "--file", str(innocent), "--json", engine_url=engine.url)
        (night,) = run(home, "sleep", "-c", "#innocent", "--json", engine_url=engine.url)
        assert night["verdict"] == "promoted"
    rebuilt = run(home, "adapters", "-c", "C0OPS", "--json")[0]
    never_taught = run(home, "adapters", "-c", "#innocent", "--json")[0]
    assert rebuilt["state"] == never_taught["state"] == "serving"
    assert rebuilt["sha256"] == never_taught["sha256"] is not None
