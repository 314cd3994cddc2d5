from typing import Any

import pytest

from bot import inbox, mrkdwn
from bot.events import Deleted, Reacted, Said, parse
from learning.database import Database
from learning.records import Event, Message, Question, Reaction

BOT = "U0NIGHT"


def body(event: dict[str, Any], event_id: str = "Ev1") -> dict[str, Any]:
    return {"event_id": event_id, "team_id": "T1", "event": {"channel": "C1", **event}}


def message(text: str, ts: str = "1.0", **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "text": text, "ts": ts, "channel_type": "channel", **more}


def take(database: Database, event: dict[str, Any], event_id: str) -> bool:
    parsed = parse(body(event, event_id))
    assert parsed
    return inbox.record(database, parsed, BOT)


def test_payloads_become_dataclasses() -> None:
    said = parse(body(message("hi", thread_ts="0.5")))
    assert isinstance(said, Said)
    assert (said.channel_id, said.message.thread_ts, said.direct, said.mention) == ("C1", "0.5", False, False)
    changed = parse(body({"type": "message", "subtype": "message_changed", "message": message("new") | {"edited": {"ts": "2.0"}}, "ts": "3.0"}))
    assert isinstance(changed, Said)
    assert (changed.message.text, changed.message.edited_ts, changed.message.ts) == ("new", "2.0", "1.0")
    gone = parse(body({"type": "message", "subtype": "message_deleted", "deleted_ts": "1.0", "ts": "4.0"}))
    assert isinstance(gone, Deleted)
    item = {"type": "message", "channel": "C1", "ts": "1.0"}
    taken_back = parse({"event_id": "E", "team_id": "T1", "event": {"type": "reaction_removed", "user": "U1", "reaction": "tada", "item": item}})
    assert isinstance(taken_back, Reacted)
    assert not taken_back.added
    tombstone = parse(body({"type": "message", "subtype": "message_changed", "message": message("gone") | {"subtype": "tombstone"}, "ts": "5.0"}))
    assert isinstance(tombstone, Deleted), "what is left of a deleted message with replies"
    assert parse(body({"type": "message", "subtype": "channel_join", "ts": "1.0", "user": "U1"})) is None


def test_three_deliveries_and_both_event_kinds_are_one_question(database: Database) -> None:
    mention = message(f"<@{BOT}> what is up?") | {"type": "app_mention"}
    asked = [take(database, mention, "Ev1") for _ in range(3)] + [take(database, message(f"<@{BOT}> what is up?"), "Ev2")]
    assert asked == [True, False, False, False]
    with database.read() as session:
        assert session.query(Question).one().text == "what is up?"
        assert session.query(Message).count() == 1
        assert session.query(Event).count() == 2


def test_a_follow_up_in_our_thread_is_a_question_that_must_be_sure(database: Database) -> None:
    take(database, message(f"<@{BOT}> what is up?"), "Ev1")
    assert take(database, message("and its port?", ts="2.0", thread_ts="1.0"), "Ev2")
    with database.read() as session:
        assert [q.must_be_sure for q in session.query(Question).order_by(Question.ts)] == [False, True]


@pytest.mark.parametrize(
    "event",
    [
        message("not in a thread", ts="2.0"),
        message("<@U2> what do you think?", ts="2.0", thread_ts="1.0"),
        message("<!subteam^S1|@ops> what do you think?", ts="2.0", thread_ts="1.0"),
        message("<!here> anybody?", ts="2.0", thread_ts="1.0"),
        message("I am a bot", ts="2.0", thread_ts="1.0", bot_id="B7"),
        message("another thread", ts="2.0", thread_ts="9.0"),
    ],
)
def test_what_is_not_for_us_is_logged_and_not_answered(database: Database, event: dict[str, Any]) -> None:
    take(database, message(f"<@{BOT}> what is up?"), "Ev1")
    assert not take(database, event, "Ev2")
    with database.read() as session:
        assert session.query(Question).count() == 1
        assert session.query(Message).count() == 2


def test_a_direct_message_needs_no_mention(database: Database) -> None:
    assert take(database, message("hello there", channel_type="im"), "Ev1")


def test_a_failed_write_records_nothing_so_that_slack_delivers_again(database: Database) -> None:
    broken = parse(body(message("x") | {"user": None, "bot_id": None}))
    assert isinstance(broken, Said)
    object.__setattr__(broken.message, "text", None)  # the database refuses it
    with pytest.raises(Exception, match="NOT NULL"):
        inbox.record(database, broken, BOT)
    with database.read() as session:
        assert session.query(Event).count() == 0


def test_reactions_are_recorded_and_taken_back(database: Database) -> None:
    item = {"user": "U1", "reaction": "tada", "item": {"type": "message", "channel": "C1", "ts": "1.0"}}
    take(database, {"type": "reaction_added", **item}, "Ev1")
    with database.read() as session:
        assert session.query(Reaction).count() == 1
    take(database, {"type": "reaction_removed", **item}, "Ev2")
    with database.read() as session:
        assert session.query(Reaction).count() == 0


def test_markup_is_read_as_people_read_it_and_written_so_that_it_pings_nobody() -> None:
    assert mrkdwn.plain("<@U0NIGHT> is <https://x.example|the page> &lt;down&gt; in <#C1|ops>?", "U0NIGHT") == "is the page <down> in #ops?"
    assert mrkdwn.escaped("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert len(mrkdwn.escaped("x" * 9_000)) <= 4_000
