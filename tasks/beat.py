"""The clock's process.

python -m tasks.beat
"""

from bot import logs
from learning import lifeline
from tasks.app import app, settings


def main() -> None:
    """Send what is due until told to stop."""
    lifeline.hold()
    logs.begin("celery.beat")  # a sweep every few seconds is no news
    app.start(["beat", "--schedule", str(settings.home / "beat"), "--pidfile", "", "--loglevel", "INFO"])


if __name__ == "__main__":
    main()
