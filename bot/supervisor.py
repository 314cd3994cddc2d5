"""`nightschool up`: starts Valkey, engine, workers, clock and bot, restarts what ends, and stops all together."""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from learning import lifeline
from learning.errors import NightschoolError
from learning.model import running
from learning.model.client import EngineError
from learning.settings import Settings

PATIENCE = 6.0  # seconds between asking a process to stop and making it
MOST_FAILURES = 3  # of an engine that never came up
LONG = 10 * 1024**2  # bytes of a log
HEALTHY = 30.0  # seconds after which a process is no longer taken for one that fails to start

Say = Callable[[str], None]


@dataclass
class Service:
    """One process of the set-up, with its log file."""

    name: str
    module: str
    arguments: list[str]
    log: Path
    environment: dict[str, str]
    announcement: Path | None = None  # where it writes its address when it is ready
    child: lifeline.Child | None = None
    started: float = 0.0
    failures: int = 0
    retry_at: float = field(default=0.0)

    def start(self) -> None:
        """Start, or start again; a log that has grown long is put aside, in the place of an older one."""
        if self.announcement:
            running.starts(self.announcement)
        if self.log.exists() and self.log.stat().st_size > LONG:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("a") as log:
            self.child = lifeline.spawn(self.module, self.arguments, stdout=log, stderr=log, environment=self.environment)
        self.started = time.monotonic()

    def tend(self, say: Say) -> None:
        """Start again what has ended; the more often it fails at once, the later."""
        if self.child and self.child.poll() is None:
            return
        if self.child:
            self.failures = 0 if time.monotonic() - self.started > HEALTHY else self.failures + 1
            self.retry_at = time.monotonic() + min(2.0**self.failures, 30.0) - 1
            say(f"{self.name} ended ({self.child.returncode}): {self.last_words()}")
            self.child = None
        if time.monotonic() >= self.retry_at:
            self.start()

    def last_words(self) -> str:
        """The last line of the log."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "no output"

    def stop(self) -> None:
        """Ask the process to end."""
        if self.child and self.child.poll() is None:
            self.child.terminate()

    def await_end(self, deadline: float) -> None:
        """Wait for the end, and make it at the deadline."""
        if self.child:
            try:
                self.child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class SetUp:
    """All processes of one data folder."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings, self.say = settings, say
        self.redis_url = settings.redis_url or f"redis://127.0.0.1:{free_port()}/0"
        self.services = {service.name: service for service in self._services()}

    def start(self) -> None:
        """Start everything, in order; the rest finds its broker ready."""
        for service in self.services.values():
            service.start()
            if service.name == "valkey":
                self._wait_listening()
        state = {"pid": os.getpid(), "redis_url": self.redis_url}
        run_file(self.settings).write_text(json.dumps(state))

    def ready(self, over: threading.Event | None = None) -> None:
        """Wait until the engine answers, looking after all processes; not after `over`. Raises EngineError when it does not start."""
        engine = self.services.get("engine")
        while engine and not running.announced(self.settings):
            self.tend()
            if engine.failures >= MOST_FAILURES:
                raise EngineError(f"the engine does not start ({engine.last_words()}): see {engine.log}, and run `nightschool doctor`.")
            if over and over.is_set():
                return
            time.sleep(0.1)

    def tend(self) -> None:
        """One round of looking after all processes."""
        for service in self.services.values():
            try:
                service.tend(self.say)
            except OSError as error:  # a full disk, say: the others go on, and this one is tried again
                service.retry_at = time.monotonic() + HEALTHY
                self.say(f"{service.name} cannot be started ({error.strerror or error}): make room in {self.settings.home}, or see {service.log}.")

    def stop(self) -> None:
        """Stop everything, within ten seconds; what was unfinished is resumed at the next start."""
        services = list(self.services.values())
        for service in services[1:]:
            service.stop()
        deadline = time.monotonic() + PATIENCE
        for service in services[1:]:
            service.await_end(deadline)
        services[0].stop()
        services[0].await_end(time.monotonic() + 2)
        for file in (run_file(self.settings), running.announcement(self.settings)):
            file.unlink(missing_ok=True)

    def _services(self) -> Iterator[Service]:
        home = self.settings.home
        logs = home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        environment = self.settings.as_environment() | {"NIGHTSCHOOL_REDIS_URL": self.redis_url}

        def service(name: str, module: str, *arguments: str, announcement: Path | None = None) -> Service:
            return Service(name, module, list(arguments), logs / f"{name}.log", environment, announcement)

        if not self.settings.redis_url:
            yield service("valkey", "bot.broker", "--port", self.redis_url.split(":")[-1].split("/")[0], "--folder", str(home / "valkey"))
        if not self.settings.engine_url:
            file = running.announcement(self.settings)
            yield service("engine", "learning.model.engine_server", "--announce", str(file), announcement=file)
        yield service("night worker", "tasks.worker", "night")
        yield service("urgent worker", "tasks.worker", "urgent")
        yield service("clock", "tasks.beat")
        yield service("bot", "bot.app")

    def _wait_listening(self) -> None:
        port = int(self.redis_url.split(":")[-1].split("/")[0])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise NightschoolError(f"the embedded Valkey did not start: see {self.settings.home / 'logs' / 'valkey.log'}, or set NIGHTSCHOOL_REDIS_URL.")


@contextmanager
def up(settings: Settings, say: Say) -> Iterator[SetUp]:
    """A running set-up. Raises NightschoolError when one runs on this data folder already."""
    settings.make_home()
    lock = FileLock(settings.home / "up.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise NightschoolError(f"nightschool is already up on {settings.home}: stop that one first, or set NIGHTSCHOOL_HOME to another folder.") from None
    set_up = SetUp(settings, say)
    try:
        set_up.start()
        yield set_up
    finally:
        set_up.stop()
        lock.release()


@contextmanager
def tended(set_up: SetUp, every: float = 0.5) -> Iterator[None]:
    """Look after all processes in the background, for the length of a `with`: what ends is started again. `every` is in seconds."""
    over = threading.Event()

    def tend() -> None:
        while not over.wait(every):
            set_up.tend()

    tending = threading.Thread(target=tend, name="tending", daemon=True)
    tending.start()
    try:
        yield
    finally:
        over.set()
        tending.join()


def run_file(settings: Settings) -> Path:
    """Where a running set-up tells its process id and its broker."""
    return settings.home / "run.json"


def broker_url(settings: Settings) -> str:
    """The broker to send jobs to: the named one, or that of a running set-up; empty when there is none."""
    if settings.redis_url:
        return settings.redis_url
    try:
        return str(json.loads(run_file(settings).read_text())["redis_url"])
    except (OSError, ValueError, KeyError):
        return ""


def free_port() -> int:
    """A port on localhost that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
