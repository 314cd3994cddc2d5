"""Posting answers, effectively once: a reply carries its question's id as metadata, and is looked for before it is posted again.

What takes long grows in Slack as a stream, under a ts that is noted at once: whoever takes over after a crash edits that message.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import blocks, mrkdwn
from bot.membership import pages
from learning.answers import Answer
from learning.records import Channel, Question

METADATA = "nightschool_answer"
AT_ONCE = 3.0  # seconds: what takes longer is shown while it grows
FIXED = ("message_not_found", "edit_window_closed", "cant_update_message")  # why a message cannot be edited: then another is posted


def post(web: WebClient, channel: str, question: Question, answer: Answer, names: Mapping[str, str], growing: "Growing | None" = None) -> str:
    """Reply in the question's thread; what was posted before, or is just growing there, is completed. `names` of people, by id. Returns its ts.

    Raises SlackApiError.
    """
    thread = question.thread_ts or question.ts
    metadata = {"event_type": METADATA, "event_payload": payload(question, answer)}
    if growing and growing.complete(answer.answer, blocks.below(answer, names), metadata):
        return growing.ts
    if question.reply_ts:
        end_stream(web, channel, question.reply_ts)  # of an attempt that was cut off
    already = (growing and growing.ts) or question.reply_ts or (posted(web, channel, thread, question.id) if question.attempts > 1 else None)
    content: dict[str, Any] = {"text": mrkdwn.escaped(answer.answer), "blocks": blocks.answer(answer, names), "metadata": metadata}
    if already:
        try:
            return str(web.chat_update(channel=channel, ts=already, **content)["ts"])
        except SlackApiError as error:
            if error.response["error"] not in FIXED:
                raise
    return str(web.chat_postMessage(channel=channel, thread_ts=thread, unfurl_links=False, unfurl_media=False, **content)["ts"])


def end_stream(web: WebClient, channel: str, ts: str) -> None:
    """A message that may still be open as a stream can neither be edited nor deleted: close it."""
    with suppress(SlackApiError):
        web.chat_stopStream(channel=channel, ts=ts)


class Growing:
    """An answer that takes long is shown while it grows: what was judged so far, as a stream.

    `hold` keeps the claim on the question, and notes under which ts its answer is; what it raises ends the answer. A question that was begun before is answered
    as a whole: there may be a reply already.
    """

    def __init__(self, web: WebClient, channel: Channel, question: Question, hold: Callable[[str | None], None]) -> None:
        self._web, self._channel, self._question, self._hold = web, channel, question, hold
        self._began, self._open = time.monotonic(), question.attempts <= 1 and not question.reply_ts
        self.ts, self.said = "", ""

    def say(self, text: str) -> None:
        """All that may be said so far. Raises SlackApiError."""
        self._hold(self.ts or None)
        late = time.monotonic() - self._began >= AT_ONCE
        if self._open and late and text.startswith(self.said):
            self._add(mrkdwn.neutral(text[len(self.said) :]))
            self.said = text

    def close(self) -> None:
        """Leave what was said as it is; what was completed is closed already."""
        if self.ts and self._open:
            end_stream(self._web, self._channel.slack_id, self.ts)
        self._open = False

    def complete(self, text: str, below: Sequence[blocks.Block], metadata: Mapping[str, Any]) -> bool:
        """Say the rest, and what stands below. False where there is no stream, Slack has closed it, or it says something else: then the message is edited."""
        if not text.startswith(self.said):
            self.close()
        if not (self.ts and self._open and text.startswith(self.said)):
            return False
        rest = mrkdwn.neutral(text[len(self.said) :])
        done = self._streamed(self._web.chat_stopStream, markdown_text=rest or None, blocks=below, metadata=metadata, session_status="active")
        self._open = False
        return done

    def _add(self, more: str) -> None:
        if self.ts:
            self._streamed(self._web.chat_appendStream, markdown_text=more)
        else:
            asked, place = self._question, self._channel
            begun = self._web.chat_startStream(
                channel=place.slack_id,
                thread_ts=asked.thread_ts or asked.ts,
                markdown_text=more,
                recipient_user_id=asked.author,
                recipient_team_id=place.team_id,
            )
            self.ts = str(begun["ts"])
            self._hold(self.ts)

    def _streamed(self, call: Callable[..., object], **content: Any) -> bool:
        """False once Slack has closed the stream, as it does after some minutes."""
        try:
            call(channel=self._channel.slack_id, ts=self.ts, **content)
        except SlackApiError as error:
            if error.response["error"] != "message_not_in_streaming_state":
                raise
            self._open = False
        return self._open


def show(web: WebClient, channel: str, thread_ts: str, status: Literal["processing", "active"]) -> None:
    """Show that an answer is coming, with Slack's button to stop it; or that it is there. Nothing depends on it."""
    with suppress(SlackApiError, OSError):
        web.agents_sessions_setStatus(channel_id=channel, thread_ts=thread_ts, status=status)


def posted(web: WebClient, channel: str, thread: str, question_id: int) -> str | None:
    """The reply that an earlier attempt posted before it was cut off."""
    for message in pages(web, "conversations_replies", "messages", channel=channel, ts=thread, include_all_metadata=True):
        if message.get("metadata", {}).get("event_payload", {}).get("question") == question_id:
            return str(message["ts"])
    return None


def payload(question: Question, answer: Answer) -> dict[str, Any]:
    """What a reply's metadata tells: enough to find it again, and to see what the answer cost."""
    return {
        "question": question.id, "how": answer.how, "adapter": answer.adapter or "", "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens, "seconds": answer.seconds, "lessons": [lesson.id for lesson in answer.sources],
        **({"room": answer.room} if answer.room else {}),
    }  # fmt: skip
