from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk.errors import SlackApiError

from bot.outages import passes
from bot.supervisor import Service


class Response(dict[str, Any]):
    status_code = 200


def slack(error: str, status: int = 200) -> SlackApiError:
    response = Response(ok=False, error=error)
    response.status_code = status
    return SlackApiError("refused", response)


@pytest.mark.parametrize("error", [URLError("no route"), TimeoutError(), slack("token_expired"), slack("no JSON", 503), slack("x", 429)])
def test_outages_and_tokens_that_may_be_renewed_are_waited_out(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize("error", [slack("channel_not_found"), slack("invalid_blocks"), ValueError("a mistake of ours")])
def test_what_stays_refused_is_not(error: Exception) -> None:
    assert not passes(error)


def test_a_process_whose_log_is_gone_has_no_last_words(tmp_path: Path) -> None:
    assert Service("bot", "bot.app", [], tmp_path / "gone.log", {}).last_words() == "no output"
