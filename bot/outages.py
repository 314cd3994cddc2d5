"""Which failures pass by themselves, or once a person has renewed a token: what is to be said waits for that."""

from datetime import timedelta

from slack_sdk.errors import SlackApiError

PATIENCE = timedelta(days=1)
RENEWED = {"invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed"}  # until a person has renewed the token
SLACKS = {"ratelimited", "service_unavailable", "internal_error", "fatal_error", "request_timeout"}


def passes(error: Exception) -> bool:
    """Is it an outage, of the network or of Slack's, or a token that may be renewed?"""
    return is_slacks(error) or (str(error.response["error"]) in RENEWED if isinstance(error, SlackApiError) else isinstance(error, OSError))


def is_slacks(error: Exception) -> bool:
    """Is it a failure of Slack's own, whatever the token?"""
    status = getattr(error.response, "status_code", None) or 0 if isinstance(error, SlackApiError) else 0
    return isinstance(error, SlackApiError) and (status == 429 or status >= 500 or str(error.response["error"]) in SLACKS)
