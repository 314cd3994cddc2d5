"""What listeners work with."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import inbox, jobs, replies
from bot.events import Moved, Stopped, Uninstalled, parse
from bot.loop import Loop
from bot.workspaces import Workspaces
from learning.school import School

logger = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds: the supervisor has six for everything


@dataclass
class Desk:
    """The school, the workspaces, the loops to wake, where jobs are sent, and what takes longer than Slack waits."""

    school: School
    answering: Loop
    directory: Loop
    broker_url: str
    workspaces: Workspaces
    _later: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _met: dict[str, str] = field(default_factory=dict)  # workspaces that were heard of, and by which token: a new one is looked at, once

    def take(self, body: dict[str, object]) -> None:
        """Record an Events API payload; the caller acknowledges it afterwards."""
        event = parse(body)
        if event is None:
            return
        bot_user_id = self.workspaces.bot_user(event.team_id)
        if inbox.record(self.school.database, event, bot_user_id):
            self.answering.wake()
        if isinstance(event, Moved) and event.user in ("", bot_user_id):
            self.directory.wake()
        if isinstance(event, Stopped):  # Slack leaves it to the app to say that it has stopped
            replies.show(self.workspaces.client(event.team_id), event.channel_id, event.thread_ts, "active")
        if isinstance(event, Uninstalled):
            self._met.pop(event.team_id, None)
            self.workspaces.remove(event.team_id)
        elif self._met.get(event.team_id) != (added_as := self.workspaces.added_as(event.team_id)):
            self._met[event.team_id] = added_as
            self.directory.wake()

    def later(self, work: Callable[[], object], failed: Callable[[], object]) -> None:
        """Do what takes longer than Slack waits; who asked hears of it when it fails."""

        def run() -> None:
            try:
                work()
            except Exception:  # whatever it was, who asked hears of it
                logger.exception("what was put off failed")
                failed()

        thread = threading.Thread(target=run, name="later", daemon=True)
        thread.start()
        with self._lock:
            self._later = [*(other for other in self._later if other.is_alive()), thread]

    def finish(self) -> None:
        """Wait a moment for what was put off."""
        deadline = time.monotonic() + PATIENCE
        for thread in self._later:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def enqueue(self, task: str, *arguments: int | str) -> None:
        """Send a job to the workers."""
        jobs.enqueue(self.broker_url, task, *arguments)
