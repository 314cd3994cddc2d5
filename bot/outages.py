"""Which failures pass by themselves, or once a person has renewed a token: what is to be said waits for that."""

from datetime import timedelta

from slack_sdk.errors import SlackApiError

PATIENCE = timedelta(days=1)
PASSING = {
    "invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed", "ratelimited", "service_unavailable", "internal_error", "fatal_error",
}  # fmt: skip


def passes(error: Exception) -> bool:
    """Is it an outage, of the network or of Slack's, or a token that may be renewed?"""
    if isinstance(error, SlackApiError):
        status = getattr(error.response, "status_code", None) or 0
        return status == 429 or status >= 500 or str(error.response["error"]) in PASSING
    return isinstance(error, OSError)
