"""Finding an engine: a named one, the one that `nightschool up` runs, or one started for the length of a `with`."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learning import lifeline
from learning.model.client import Client, EngineError, connected
from learning.settings import Settings

START_SECONDS = 180.0


@contextmanager
def engine(settings: Settings) -> Iterator[Client]:
    """A client for a running engine; without one, an engine is started and stopped again. Raises EngineError."""
    url = settings.engine_url or announced(settings)
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


def announced(settings: Settings) -> str:
    """The address of the engine of `nightschool up`, or nothing."""
    try:
        return announcement(settings).read_text().strip()
    except OSError:
        return ""


def wait_announced(file: Path, alive: lifeline.Alive) -> str:
    """Wait until an engine has written its address. Raises EngineError when it ended first."""
    deadline = time.monotonic() + START_SECONDS
    while not file.exists():
        if not alive() or time.monotonic() > deadline:
            raise EngineError("the engine did not start: run `nightschool doctor` to see why.")
        time.sleep(0.05)
    return file.read_text().strip()
