"""Work on a thread of its own: done until there is no more, then again after a while, or when woken."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

RETRY = 60.0  # seconds after a step that failed
PATIENCE = 5.0  # seconds that `stop` waits for the work at hand


class Loop:
    """Calls `step` for as long as it returns True, then waits `every` seconds; it outlives whatever goes wrong in one step."""

    def __init__(self, name: str, step: Callable[[], bool], every: float) -> None:
        self._step, self._every = step, every
        self._woken, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin with what was left waiting."""
        self._thread.start()

    def wake(self) -> None:
        """There is work."""
        self._woken.set()

    def end(self) -> None:
        """Begin no further step."""
        self._over.set()
        self._woken.set()

    def stop(self) -> None:
        """End after the step at hand."""
        self.end()
        self._thread.join(timeout=PATIENCE)

    def ending(self) -> bool:
        """Was it told to stop?"""
        return self._over.is_set()

    def _run(self) -> None:
        while not self.ending():
            self._woken.clear()
            rest = self._every
            try:
                while not self.ending() and self._step():
                    pass
            except Exception:  # the next step may go better
                logger.exception("%s: a step failed", self._thread.name)
                rest = min(rest, RETRY)
            self._woken.wait(rest)
