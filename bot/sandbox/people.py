"""Acting as the people of a sandbox from Python: what tests and the demo use."""

import time
from collections.abc import Callable
from typing import Any

import httpx

Message = dict[str, Any]


class Person:
    """Somebody in the sandbox. Waiting is for a state, with a deadline in seconds."""

    def __init__(self, site: str, user: str, channel: str, team: str = "") -> None:
        """`team`: of another workspace that the app is installed in."""
        self.site, self.user, self.channel, self._at = site, user, channel, {"at": team} if team else {}
        self._http = httpx.Client(base_url=site, timeout=30, trust_env=False)

    def say(self, text: str, thread_ts: str | None = None) -> str:
        """Write a message; returns its ts."""
        return str(self._act("post", user=self.user, channel=self.channel, text=text, thread_ts=thread_ts)["ts"])

    def ask(self, question: str, thread_ts: str | None = None, seconds: float = 60) -> Message:
        """Mention the bot, and wait for its reply in the thread."""
        ts = self.say(f"@nightschool {question}", thread_ts)
        return self.reply(thread_ts or ts, after=ts, seconds=seconds)

    def reply(self, thread_ts: str, after: str = "", seconds: float = 60) -> Message:
        """The bot's first message in a thread after `after`."""
        replies = self.wait(lambda: [m for m in self.messages() if m.get("thread_ts") == thread_ts and "bot_id" in m and m["ts"] > after], seconds)
        first: Message = replies[0]
        return first

    def command(self, command: str, text: str = "") -> Message:
        """Run a slash command; what it answered privately."""
        return self._act("command", user=self.user, channel=self.channel, command=command, text=text)

    def click(self, ts: str, action: str, value: str | None = None) -> Message:
        """Press a button."""
        return self._act("click", user=self.user, channel=self.channel, ts=ts, action_id=action, value=value)

    def shortcut(self, ts: str, callback_id: str) -> Message:
        """Use a message shortcut."""
        return self._act("shortcut", user=self.user, channel=self.channel, ts=ts, callback_id=callback_id)

    def home(self, seconds: float = 10) -> Message:
        """Open the bot's Home tab, and see what it shows."""
        before = self.state()["home"]
        self._act("open_home", user=self.user)
        shown: Message = self.wait(lambda: (now := self.state()["home"]) != before and now, seconds)
        return shown

    def prompts(self, seconds: float = 10) -> list[Message]:
        """Open one's conversation with the bot, and see what it suggests."""
        self._act("open_home", user=self.user, tab="messages")
        shown: list[Message] = self.wait(lambda: self.state()["prompts"], seconds)
        return shown

    def click_home(self, action: str, value: str | None = None) -> Message:
        """Press a button of the Home tab."""
        return self._act("click_home", user=self.user, action_id=action, value=value)

    def window(self, seconds: float = 10) -> Message:
        """The window that the app opened last, as soon as there is one."""
        opened: Message = self.wait(lambda: self.state()["views"], seconds)[-1]
        return opened

    def submit(self, **values: str) -> dict[str, str]:
        """Fill the open window's fields and send it; what the app finds wrong, by field."""
        wrong: dict[str, str] = self._act("submit", user=self.user, view_id=self.window()["id"], values=values).get("errors", {})
        return wrong

    def edit(self, ts: str, text: str) -> None:
        """Edit a message."""
        self._act("edit", user=self.user, channel=self.channel, ts=ts, text=text)

    def delete(self, ts: str) -> None:
        """Delete a message."""
        self._act("delete", channel=self.channel, ts=ts)

    def react(self, ts: str, emoji: str, added: bool = True) -> None:
        """React, or take it back."""
        self._act("react", user=self.user, channel=self.channel, ts=ts, emoji=emoji, added=added)

    def redeliver(self, ts: str, times: int = 1) -> int:
        """Have Slack deliver the events about a message again; how many events there were."""
        return int(self._act("redeliver", ts=ts, times=times)["events"])

    def act(self, action: str, **fields: Any) -> dict[str, Any]:
        """Any other action of the control API: faults, and what happens to channels and people."""
        return self._act(action, **fields)

    def messages(self) -> list[Message]:
        """What this person sees in the channel, oldest first."""
        state = self.state()
        return next(c["messages"] for c in state["channels"] if c["id"] == self.channel)

    def state(self) -> dict[str, Any]:
        """All that this person sees."""
        return self._act("state", user=self.user)

    def wait(self, found: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait until `found()` is true. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            result = found()
            if result:
                return result
            time.sleep(0.1)
        raise TimeoutError(f"nothing after {seconds:.0f} s")

    def _act(self, action: str, **fields: Any) -> dict[str, Any]:
        response = self._http.post(f"/control/{action}", json=self._at | fields)
        answer: dict[str, Any] = response.json()
        if not answer["ok"]:
            raise RuntimeError(f"{action}: {answer['error']}")
        return answer
