"""What listeners work with."""

from dataclasses import dataclass

from bot import inbox, jobs
from bot.events import Moved, parse
from bot.loop import Loop
from learning.school import School


@dataclass
class Desk:
    """The school, the question queue, and where jobs are sent."""

    school: School
    answering: Loop
    directory: Loop
    broker_url: str
    bot_user_id: str

    def take(self, body: dict[str, object]) -> None:
        """Record an Events API payload; the caller acknowledges it afterwards."""
        event = parse(body)
        if event and inbox.record(self.school.database, event, self.bot_user_id):
            self.answering.wake()
        if isinstance(event, Moved) and event.user in ("", self.bot_user_id):
            self.directory.wake()

    def enqueue(self, task: str, *arguments: int | str) -> None:
        """Send a job to the workers."""
        jobs.enqueue(self.broker_url, task, *arguments)
