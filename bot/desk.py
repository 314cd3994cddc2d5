"""What listeners work with."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import inbox, jobs, replies
from bot.events import Moved, Stopped, Uninstalled, parse
from bot.loop import Loop
from bot.workspaces import Workspaces
from learning.school import School

logger = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds


@dataclass
class Desk:
    """The school, the question queue, and where jobs are sent."""

    school: School
    answering: Loop
    directory: Loop
    broker_url: str
    workspaces: Workspaces
    _later: list[threading.Thread] = field(default_factory=list)
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
            except Exception:
                logger.exception("what was put off failed")
                failed()

        self._later = [thread for thread in self._later if thread.is_alive()]
        self._later.append(threading.Thread(target=run, name="later", daemon=True))
        self._later[-1].start()

    def finish(self) -> None:
        """Wait for what was put off."""
        for thread in self._later:
            thread.join(timeout=PATIENCE)

    def enqueue(self, task: str, *arguments: int | str) -> None:
        """Send a job to the workers."""
        jobs.enqueue(self.broker_url, task, *arguments)
