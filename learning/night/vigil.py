"""Keeping watch over a night: its lease, its heartbeat, and whether it must stop."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from learning import leases, registry
from learning.database import Database
from learning.errors import TrainingStopped
from learning.records import Night

logger = logging.getLogger(__name__)

Watch = Callable[[str, float], None]  # hears of each stage and of the share done, 0 to 1


class Vigil:
    """Holds a claimed night. `broken()` turns true when the claim was lost, or the candidate was tainted by a forgetting."""

    def __init__(self, database: Database, night: Night, seconds: float, watch: Watch) -> None:
        self.night = night
        self._database, self._seconds, self._watch = database, seconds, watch
        self._stage, self._share = "", 0.0
        self._broken, self._over = threading.Event(), threading.Event()

    def stage(self, name: str) -> None:
        """A new part of the night begins. Raises TrainingStopped when the night is no longer ours."""
        self._stage = name
        self.progress(0.0)
        self.assert_ours()

    def progress(self, share: float) -> None:
        """The share of the stage that is done."""
        self._share = share
        self._watch(self._stage, share)

    def broken(self) -> bool:
        """Must this night stop?"""
        return self._broken.is_set()

    def assert_ours(self) -> None:
        """Raises TrainingStopped when the night is no longer ours, looking it up."""
        self._beat()
        if self.broken():
            raise TrainingStopped

    def _beat(self) -> None:
        with self._database.write() as session:
            held = leases.renew(session, self.night, self._seconds, stage=self._stage, progress=self._share)
            if not held or registry.tainted_candidate(session, self.night):
                self._broken.set()

    def _keep_beating(self) -> None:
        while not self._over.wait(min(2.0, self._seconds / 4)):
            try:
                self._beat()
            except SQLAlchemyError as error:  # a busy or restarting database: the next beat may come in time
                logger.warning("night %s: no heartbeat (%s)", self.night.id, error)


@contextmanager
def keep(database: Database, night: Night, seconds: float, watch: Watch) -> Iterator[Vigil]:
    """Renew a night's lease in the background for the length of a `with`."""
    vigil = Vigil(database, night, seconds, watch)
    beating = threading.Thread(target=vigil._keep_beating, name=f"vigil-{night.id}", daemon=True)
    beating.start()
    try:
        yield vigil
    finally:
        vigil._over.set()
        beating.join()
