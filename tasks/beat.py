"""The clock's process.

python -m tasks.beat
"""

import logging

from learning import lifeline
from tasks.app import app, settings


def main() -> None:
    """Send what is due until told to stop."""
    lifeline.hold()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("celery.beat").setLevel(logging.WARNING)  # a sweep every few seconds is no news
    app.start(["beat", "--schedule", str(settings.home / "beat"), "--pidfile", "", "--loglevel", "INFO"])


if __name__ == "__main__":
    main()
