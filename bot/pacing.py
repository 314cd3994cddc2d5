"""Calling Slack at a steady pace, for as long as it takes: limits are waited out as long as Slack says, failures are tried again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

MOST_FAILURES = 4  # of one call, in a row
NAP = 1.0  # seconds between two signs of life while waiting


@dataclass
class Paced:
    """A Web API client that keeps to a number of calls a minute. `alive` is called every second or so, also while it waits."""

    web: WebClient
    per_minute: float
    alive: Callable[[], None]

    def __post_init__(self) -> None:
        self._called = self.clock = 0.0  # `clock` is Slack's own, in whole seconds, as of the last call

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call. Raises SlackApiError for what Slack refuses, and OSError when it stays out of reach."""
        failures = 0
        while True:
            self.rest(self._called + 60 / self.per_minute - time.monotonic())
            self._called = time.monotonic()
            try:
                answer = getattr(self.web, method)(**arguments)
                self.clock = _time_of(answer.headers)
                return answer.data  # type: ignore[no-any-return]  # bytes only where a file is asked for
            except SlackApiError as error:
                if error.response.status_code == 429:
                    self.rest(float(error.response.headers.get("Retry-After", 1)))
                    continue
                failures += 1
                if error.response.status_code < 500 or failures >= MOST_FAILURES:
                    raise
            except OSError:
                failures += 1
                if failures >= MOST_FAILURES:
                    raise
            self.rest(float(failures))

    def rest(self, seconds: float) -> None:
        """Wait, showing signs of life."""
        until = time.monotonic() + seconds
        self.alive()
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, NAP))
            self.alive()


def _time_of(headers: Mapping[str, str]) -> float:
    """When an answer was given; 0 when it does not tell."""
    date = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return 0.0
