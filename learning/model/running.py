"""Finding an engine: a named one, the one that `nightschool up` runs, or one started for the length of a `with`."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from learning import lifeline
from learning.model.client import Client, EngineError, connected
from learning.settings import Settings

START_SECONDS = 180.0


@contextmanager
def engine(settings: Settings) -> Iterator[Client]:
    """A client for a running engine; without one, an engine is started and stopped again. Raises EngineError."""
    url = settings.engine_url or _of_up(settings)
    if url:
        with connected(url) as client:
            if settings.engine_url or client.ready():
                yield client
                return
    with tempfile.TemporaryDirectory() as scratch:
        announcement = Path(scratch) / "engine.url"
        child = spawn(settings, announcement)
        try:
            with connected(wait_announced(announcement, lambda: child.poll() is None)) as client:
                yield client
        finally:
            child.kill()
            child.wait()


def spawn(settings: Settings, announcement: Path) -> lifeline.Child:
    """Start an engine process; it writes its address to `announcement` when it is ready."""
    return lifeline.spawn("learning.model.engine_server", ["--announce", str(announcement)], environment=settings.as_environment())


def announcement(settings: Settings) -> Path:
    """Where the engine of `nightschool up` writes its address."""
    return settings.home / "engine.url"


def _of_up(settings: Settings) -> str:
    """The address of the engine of `nightschool up`, waited for while it starts: a second one would take as much memory again."""
    deadline = time.monotonic() + START_SECONDS
    while _is_starting(settings) and time.monotonic() < deadline:
        time.sleep(0.1)
    return announced(settings)


def starts(file: Path) -> None:
    """Note in the place of its address that this process is starting an engine."""
    file.write_text(str(os.getpid()))


def _is_starting(settings: Settings) -> bool:
    with suppress(OSError, ValueError):
        os.kill(int(announcement(settings).read_text()), 0)  # raises where that process is gone
        return True
    return False


def announced(settings: Settings) -> str:
    """The address of the engine of `nightschool up`, or nothing: it is not up, or its engine is just starting."""
    with suppress(OSError):
        text = announcement(settings).read_text().strip()
        return "" if text.isdigit() else text
    return ""


def wait_announced(file: Path, alive: lifeline.Alive) -> str:
    """Wait until an engine has written its address. Raises EngineError when it ended first."""
    deadline = time.monotonic() + START_SECONDS
    while not file.exists():
        if not alive() or time.monotonic() > deadline:
            raise EngineError("the engine did not start: run `nightschool doctor` to see why.")
        time.sleep(0.05)
    return file.read_text().strip()
