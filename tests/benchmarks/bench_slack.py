"""How fast Slack hears that something arrived, while a hundred questions wait and a night runs.

python -m tests.benchmarks.bench_slack     (five minutes; embedded base)
"""

import tempfile
from operator import le
from pathlib import Path

from bot import jobs
from learning.records import Channel, Night, Question, Work
from learning.settings import Settings
from tests.benchmarks import material
from tests.benchmarks.churn import percentile
from tests.benchmarks.table import Figure, report
from tests.conftest import Running, running

LESSONS, QUESTIONS, ROUNDS = 20, 100, 30


def main() -> None:
    """Print the table and write `.bench/slack.json`."""
    lessons = material.lessons("development")[:LESSONS]
    with tempfile.TemporaryDirectory() as home, running(Settings(home=Path(home), base_model="embedded", promote_at=0.0)) as bot:
        for lesson in lessons:
            bot.ana.command("/teach", lesson.text)
        jobs.enqueue(bot.set_up.redis_url, jobs.FALL, jobs.last_night())
        bot.ana.wait(lambda: stage(bot) == "training", 300)
        before = len(bot.ana.act("acks")["acks"])
        questions = [question for lesson in lessons for question in lesson.asked.values()]
        for number in range(QUESTIONS):
            bot.ben.say(f"@nightschool {questions[number % len(questions)]}")
        for number in range(ROUNDS):
            ts = bot.cleo.say(f"something that nobody asked, number {number}")
            bot.ana.react(ts, "eyes")
            bot.cleo.edit(ts, f"something else, number {number}")
            bot.ana.command("/nightschool", "status")
            bot.cleo.command("/teach", f"Locker {number} belongs to team {number + 100}.")
        still, waiting = stage(bot), open_questions(bot)
        taken = bot.ana.act("acks")["acks"][before:]
    events, commands = ([one["seconds"] or 60.0 for one in taken if (one["kind"] == "events_api") is events] for events in (True, False))
    figures = [Figure("questions that still waited at the end", waiting), Figure("the night still ran at the end (1: yes)", float(still not in ("", "over")))]
    for name, seconds in (("events", events), ("commands", commands)):
        figures += [
            Figure(f"{name} acknowledged", len(seconds)), Figure(f"{name}: s until acknowledged, p50", percentile(seconds, 0.5)),
            Figure(f"{name}: s until acknowledged, p99", percentile(seconds, 0.99), 0.5, le),
            Figure(f"{name}: s until acknowledged, most", max(seconds), 3.0, le),
        ]  # fmt: skip
    report("slack", figures)


def stage(bot: Running) -> str:
    """Where the night is; `over` when it has ended."""
    with bot.school.database.read() as session:
        night = session.query(Night).join(Channel, Channel.id == Night.channel_id).filter(Channel.slack_id == "C0OPS").first()
        return "" if night is None else night.stage if night.state == Work.RUNNING else "over" if night.finished_at else ""


def open_questions(bot: Running) -> int:
    """How many questions are not answered yet."""
    with bot.school.database.read() as session:
        return session.query(Question).filter(Question.state.in_((Work.WAITING, Work.RUNNING))).count()


if __name__ == "__main__":
    main()
