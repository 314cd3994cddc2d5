"""What all tasks have in common."""

from learning.memory import words
from tasks.app import app


def kept() -> int:
    found: int = words.stem.cache_info().currsize  # type: ignore[attr-defined]  # of functools
    return found


def test_a_worker_remembers_no_word_after_its_task() -> None:
    @app.task  # type: ignore[untyped-decorator]  # Celery has no types
    def read() -> int:
        words.stem("elderflower")
        return kept()

    assert read.apply().get() > 0
    assert kept() == 0
