"""A worker's process.

python -m tasks.worker night      (one night at a time)
python -m tasks.worker urgent     (forgetting, reading history, sweeping)
"""

import logging
import os
import sys
from typing import Any

from celery.bootsteps import StartStopStep

from bot import logs
from learning import lifeline
from tasks.app import app, settings

POOLS = {"night": ["--pool", "solo"], "urgent": ["--pool", "threads", "--concurrency", "8"]}  # training has a process of its own
NICE = {"night": 10, "urgent": 0}  # who asks while a night studies does not wait for it


class EndsAtOnce(StartStopStep):  # type: ignore[misc]  # Celery has no types
    """A worker that failed ends, and is started again: it would wait for its longest task, deaf meanwhile. Rows bring the work back."""

    requires = ("celery.worker.components:Pool",)  # steps stop in reverse: this one before the pool is waited for

    def stop(self, parent: Any) -> None:
        """Also of a worker that was asked to end, which finishes its tasks."""
        if parent.exitcode:
            logging.shutdown()
            os._exit(parent.exitcode)


def main() -> None:
    """Work on one queue until told to stop."""
    queue = sys.argv[1] if len(sys.argv) == 2 else ""
    if queue not in POOLS:
        raise SystemExit(f"python -m tasks.worker takes one queue: {' or '.join(POOLS)}.")
    if not settings.redis_url:
        raise SystemExit("a worker needs NIGHTSCHOOL_REDIS_URL, and NIGHTSCHOOL_DATABASE_URL where that is not this machine's.")
    lifeline.hold()
    os.nice(NICE[queue])
    logs.begin("celery.worker.strategy", "celery.app.trace")  # a sweep every few seconds is no news
    app.steps["worker"].add(EndsAtOnce)
    app.worker_main(["worker", "--queues", queue, "--hostname", f"{queue}@%h", "--without-gossip", "--without-mingle", *POOLS[queue]])


if __name__ == "__main__":
    main()
