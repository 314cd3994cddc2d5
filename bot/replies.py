"""Posting answers, effectively once: a reply carries its question's id as metadata, and is looked for before it is posted again."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import blocks, mrkdwn
from learning.answers import Answer
from learning.records import Question

METADATA = "nightschool_answer"


def post(web: WebClient, channel: str, question: Question, answer: Answer, names: Mapping[str, str]) -> str:
    """Reply in the question's thread; a reply that was posted before is brought up to date. `names` of people, by id. Returns its ts. Raises SlackApiError."""
    thread = question.thread_ts or question.ts
    already = question.reply_ts or (posted(web, channel, thread, question.id) if question.attempts > 1 else None)
    content: dict[str, Any] = {
        "text": mrkdwn.escaped(answer.answer), "blocks": blocks.answer(answer, names),
        "metadata": {"event_type": METADATA, "event_payload": payload(question, answer)},
    }  # fmt: skip
    if already:
        return str(web.chat_update(channel=channel, ts=already, **content)["ts"])
    return str(web.chat_postMessage(channel=channel, thread_ts=thread, unfurl_links=False, unfurl_media=False, **content)["ts"])


def thinking(web: WebClient, channel: str, question: Question) -> None:
    """Show at once that an answer is coming; Slack takes it away when the answer is there, or after two minutes. Nothing depends on it."""
    with suppress(SlackApiError, OSError):
        web.assistant_threads_setStatus(channel_id=channel, thread_ts=question.thread_ts or question.ts, status="is thinking…")


def posted(web: WebClient, channel: str, thread: str, question_id: int) -> str | None:
    """The reply that an earlier attempt posted before it was cut off."""
    cursor = ""
    while True:
        page = web.conversations_replies(channel=channel, ts=thread, include_all_metadata=True, limit=200, cursor=cursor)
        for message in page["messages"]:
            if message.get("metadata", {}).get("event_payload", {}).get("question") == question_id:
                return str(message["ts"])
        cursor = (page.data or {}).get("response_metadata", {}).get("next_cursor", "")  # type: ignore[union-attr]
        if not cursor:
            return None


def payload(question: Question, answer: Answer) -> dict[str, Any]:
    """What a reply's metadata tells: enough to find it again, and to see what the answer cost."""
    return {
        "question": question.id, "how": answer.how, "adapter": answer.adapter or "", "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens, "seconds": answer.seconds, "lessons": [lesson.id for lesson in answer.sources],
    }  # fmt: skip
