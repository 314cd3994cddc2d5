"""What listeners work with."""

from dataclasses import dataclass

from bot import inbox, jobs
from bot.events import Moved, Uninstalled, parse
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
        if isinstance(event, Uninstalled):
            self.workspaces.remove(event.team_id)

    def enqueue(self, task: str, *arguments: int | str) -> None:
        """Send a job to the workers."""
        jobs.enqueue(self.broker_url, task, *arguments)
