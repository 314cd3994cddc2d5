"""Work on threads of its own: done until there is no more, then again after a while, or when woken."""

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

RETRY = 60.0  # seconds after a step that failed
PATIENCE = 5.0  # seconds that `stop` waits for the work at hand


class Loop:
    """Calls `step` for as long as it returns True, then waits `every` seconds; it outlives whatever goes wrong in one step.

    With more `threads`, as many steps run at once: whoever finds work wakes the others, which look for it more seldom.
    """

    def __init__(self, name: str, step: Callable[[], bool], every: float, threads: int = 1) -> None:
        self._step, self._every = step, every
        self._woken, self._over = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[number == 0], name=name, daemon=True) for number in range(threads)]

    def start(self) -> None:
        """Begin with what was left waiting."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is work."""
        self._woken.set()

    def end(self) -> None:
        """Begin no further step."""
        self._over.set()
        self._woken.set()

    def stop(self) -> None:
        """End after the steps at hand."""
        self.end()
        over = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(timeout=max(0.0, over - time.monotonic()))

    def ending(self) -> bool:
        """Was it told to stop?"""
        return self._over.is_set()

    def _run(self, looks: bool) -> None:
        while True:
            self._woken.clear()
            if self.ending():
                self._woken.set()  # also for those who are just going to wait
                return
            rest = self._every
            try:
                while not self.ending() and self._step():
                    pass
            except Exception:  # the next step may go better
                logger.exception("%s: a step failed", threading.current_thread().name)
                rest = min(rest, RETRY)
            self._woken.wait(rest if looks else rest * len(self._threads))
