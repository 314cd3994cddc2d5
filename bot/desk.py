"""What listeners work with."""

from dataclasses import dataclass, field

from bot import inbox, jobs, replies
from bot.events import Moved, Stopped, Uninstalled, parse
from bot.loop import Loop
from bot.workspaces import Workspaces
from learning.school import School


@dataclass
class Desk:
    """The school, the workspaces, the loops to wake, and where jobs are sent."""

    school: School
    answering: Loop
    directory: Loop
    noting: Loop
    broker_url: str
    workspaces: Workspaces
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

    def enqueue(self, task: str, *arguments: int | str) -> None:
        """Send a job to the workers."""
        jobs.enqueue(self.broker_url, task, *arguments)
