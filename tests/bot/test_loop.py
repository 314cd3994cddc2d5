"""Work on threads of its own."""

import threading
import time

from bot.loop import Loop


def test_as_many_steps_run_at_once_as_it_has_threads_and_all_of_them_end() -> None:
    meeting, met = threading.Barrier(3, timeout=10), threading.Event()

    def step() -> bool:
        if met.is_set():
            return False
        loop.wake()
        meeting.wait()
        met.set()
        return False

    loop = Loop("three", step, every=0.05, threads=3)
    loop.start()
    assert met.wait(10)
    began = time.monotonic()
    loop.stop()
    assert not any(thread.is_alive() for thread in loop._threads)
    assert time.monotonic() - began < 4
