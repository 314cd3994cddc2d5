"""What each process writes into its log."""

import logging


def begin(*chatty: str) -> None:
    """Log to stderr, one line each; of the `chatty` loggers warnings alone."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for name in ("httpx", *chatty):  # httpx: a line for each token that is asked of the engine
        logging.getLogger(name).setLevel(logging.WARNING)
