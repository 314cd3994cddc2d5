"""What listeners work with."""

from dataclasses import dataclass

from bot import inbox, jobs
from bot.answering import Answering
from bot.directory import Directory
from bot.events import Moved, parse
from learning.school import School


@dataclass
class Desk:
    """The school, the question queue, and where jobs are sent."""

    school: School
    answering: Answering
    directory: Directory
    broker_url: str
    bot_user_id: str

    def take(self, body: dict[str, object]) -> None:
        """Record an Events API payload; the caller acknowledges it afterwards."""
        event = parse(body)
        if event and inbox.record(self.school.database, event, self.bot_user_id):
            self.answering.wake()
        if isinstance(event, Moved):
            self.directory.look_again()

    def enqueue(self, task: str, *arguments: int | str) -> None:
        """Send a job to the workers."""
        jobs.enqueue(self.broker_url, task, *arguments)
