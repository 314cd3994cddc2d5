"""What listeners work with."""

from dataclasses import dataclass, field

from bot import inbox, jobs, replies
from bot.events import Moved, Stopped, Uninstalled, parse
from bot.loop import Loop
from bot.workspaces import Workspaces
from learning.school import School


@dataclass
class Desk:
    """The school, the question queue, and where jobs are sent."""

    school: School
    answering: Loop
    directory: Loop
    broker_url: str
    workspaces: Workspaces
    _met: set[str] = field(default_factory=set)  # workspaces that were heard of: a new one is looked at, once

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
        if event.team_id not in self._met and not isinstance(event, Uninstalled):
            self._met.add(event.team_id)
            self.directory.wake()
        if isinstance(event, Uninstalled):
            self._met.discard(event.team_id)
            self.workspaces.remove(event.team_id)

    def enqueue(self, task: str, *arguments: int | str) -> None:
        """Send a job to the workers."""
        jobs.enqueue(self.broker_url, task, *arguments)
