from typing import Any

import pytest

from bot import inbox, instructions, mrkdwn
from bot.events import LIFECYCLE, Archived, Changed, Deleted, Looked, Moved, Reacted, Removed, Renamed, Renumbered, Said, Shared, Uninstalled, parse
from learning.database import Database
from learning.memory import channels, lessons, people, privacy, proposals, sources
from learning.memory.log import Utterance
from learning.memory.people import Member
from learning.records import Announcement, Channel, Event, Lesson, LessonStatus, Message, Question, Reaction, Work

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


def lived(kind: str, **fields: Any) -> object:
    return parse({"event_id": "Ev1", "team_id": "T1", "enterprise_id": "E1", "event": {"type": kind, **fields}})


def test_the_lives_of_channels_and_people_are_understood_for_public_and_private_ones() -> None:
    where = ("E1", "T1", "C1", False)
    for family in ("channel", "group"):
        assert lived(f"{family}_rename", channel={"id": "C1", "name": "new", "created": 1}) == Renamed("Ev1", f"{family}_rename", *where, "new")
        assert lived(f"{family}_archive", channel="C1", user="U1") == Archived("Ev1", f"{family}_archive", *where, True)
        assert lived(f"{family}_unarchive", channel="C1", user="U1") == Archived("Ev1", f"{family}_unarchive", *where, False)
        assert lived(f"{family}_deleted", channel="C1") == Removed("Ev1", f"{family}_deleted", *where)
        assert lived(f"{family}_left", channel="C1", actor_id="U1") == Moved("Ev1", f"{family}_left", *where, "", False)
    assert lived("member_left_channel", user=BOT, channel="C1", team="T1") == Moved("Ev1", "member_left_channel", *where, BOT, False)
    assert lived("member_joined_channel", user=BOT, channel="C1", team="T1") == Moved("Ev1", "member_joined_channel", *where, BOT, True)
    assert lived("channel_id_changed", old_channel_id="C1", new_channel_id="C2") == Renumbered("Ev1", "channel_id_changed", *where, "C2")
    assert lived("channel_shared", channel="C1", connected_team_id="T9") == Shared("Ev1", "channel_shared", "E1", "T1", "C1", True)
    assert lived("channel_unshared", channel="C1", is_ext_shared=True) == Shared("Ev1", "channel_unshared", "E1", "T1", "C1", True), "with others it still is"
    gone = lived("user_change", user={"id": "U1", "name": "ana", "deleted": True, "tz": "Europe/Paris", "profile": {"display_name": "Ana"}})
    assert isinstance(gone, Changed)
    assert gone.member == Member("U1", "Ana", "Europe/Paris", False, True)
    assert all(
        lived(kind, channel={"id": "C1", "name": "x"}, user={"id": "U1"}, new_channel_id="C2", old_channel_id="C1", tokens={"bot": [BOT]}) for kind in LIFECYCLE
    )
    assert isinstance(lived("app_uninstalled"), Uninstalled)
    assert lived("tokens_revoked", tokens={"oauth": ["U1"]}) is None, "of one person alone"


def test_an_edit_reopens_the_question_and_a_deletion_takes_the_answer_back(database: Database) -> None:
    take(database, message(f"<@{BOT}> what is up?"), "Ev1")
    with database.write() as session:
        question = session.query(Question).one()
        question.state, question.reply_ts = Work.DONE, "1.5"
    changed = {"type": "message", "subtype": "message_changed", "ts": "3.0"}
    unfurled = {**changed, "ts": "2.0", "message": message(f"<@{BOT}> what is up?")}
    assert not take(database, unfurled, "Ev2"), "Slack tells of an unfurled link as of an edit"
    assert take(database, {**changed, "message": message(f"<@{BOT}> what is down?") | {"edited": {"ts": "3.0"}}}, "Ev3")
    with database.write() as session:
        question = session.query(Question).one()
        assert (question.text, question.state, question.reply_ts) == ("what is down?", Work.WAITING, "1.5")
    take(database, {"type": "message", "subtype": "message_deleted", "deleted_ts": "1.0", "ts": "4.0"}, "Ev4")
    with database.read() as session:
        assert session.query(Question).one().state == Work.SKIPPED
        said = session.query(Announcement).one()
        assert (said.update_ts, said.text) == ("1.5", "")


def test_a_channel_shared_with_another_organisation_is_known_by_any_of_its_events(database: Database) -> None:
    parsed = parse({**body(message("hello")), "is_ext_shared_channel": True})
    assert parsed
    inbox.record(database, parsed, BOT)
    with database.read() as session:
        assert session.query(Channel).one().is_external


def test_organisation_wide_installs_name_the_team_in_the_event(database: Database) -> None:
    said = parse({"event_id": "Ev1", "team_id": None, "enterprise_id": "E1", "event": {"channel": "C1", "team": "T7", **message("hi")}})
    assert isinstance(said, Said)
    assert (said.enterprise_id, said.team_id) == ("E1", "T7")


def edited(text: str, at: str, ts: str = "1.0") -> dict[str, Any]:
    return {"type": "message", "subtype": "message_changed", "message": message(text, ts) | {"edited": {"ts": at}}, "ts": at}


def test_a_mention_that_an_edit_brings_is_answered(database: Database) -> None:
    assert not take(database, message("when does the train leave?"), "Ev1")
    assert take(database, edited(f"<@{BOT}> when does the train leave?", "2.0"), "Ev2")
    take(database, message("and on Fridays?", ts="3.0", thread_ts="1.0"), "Ev3")
    assert take(database, edited(f"<@{BOT}> and on Fridays?", "4.0", "3.0"), "Ev4")
    with database.read() as session:
        assert [q.must_be_sure for q in session.query(Question).order_by(Question.ts)] == [False, False], "who addresses the bot wants an answer"


def test_a_mention_in_the_edit_of_a_message_that_is_not_known_is_answered_and_a_preview_is_not(database: Database) -> None:
    preview = {"type": "message", "subtype": "message_changed", "message": message(f"<@{BOT}> what is up?"), "ts": "2.0"}
    assert not take(database, preview, "Ev1")
    assert take(database, edited(f"<@{BOT}> what is down?", "4.0", "3.0"), "Ev2")


def test_events_in_any_order_leave_what_was_said_last(database: Database) -> None:
    train = f"<@{BOT}> when does the {{}} train leave?"
    assert take(database, edited(train.format("night"), "2.0"), "Ev1")
    take(database, message(train.format("morning")), "Ev2")
    take(database, {"type": "message", "subtype": "message_deleted", "deleted_ts": "3.0", "ts": "4.0"}, "Ev3")
    assert not take(database, message(train.format("noon"), "3.0"), "Ev4")
    with database.read() as session:
        assert [question.text for question in session.query(Question)] == ["when does the night train leave?"]


def test_whose_screen_it_was_may_stand_with_the_authorization_alone() -> None:
    event = {"type": "app_context_changed", "context": {"entities": [{"type": "slack#/types/channel_id", "value": "C7"}]}}
    looked = parse({**body(event), "authorizations": [{"team_id": "T1", "user_id": "U1", "is_bot": False}]})
    assert isinstance(looked, Looked)
    assert (looked.user, looked.at) == ("U1", "C7")
    assert parse({**body(event), "authorizations": [{"team_id": "T1", "user_id": BOT, "is_bot": True}]}) is None


def test_what_a_message_had_it_remember_goes_with_the_message_and_changes_with_it(database: Database) -> None:
    def standing() -> list[str]:
        with database.read() as session:
            return [lesson.text for lesson in lessons.in_force(session, session.query(Channel).one())]

    with database.write() as session:
        people.meet(session, "T1", [Member("U2", "Ben")])
    for number, text in enumerate(("remember that <@U2> owns the key, see <https://wiki.example/k|the wiki>.", "remember that Ben owns the keys."), 1):
        taken = edited(f"<@{BOT}> {text}", "2.0") if number > 1 else message(f"<@{BOT}> {text}")
        assert take(database, taken, f"Ev{number}")
        with database.write() as session:
            question = session.query(Question).one()
            told = instructions.instruction(question.text)
            assert told
            instructions.carry_out(session, session.query(Channel).one(), question, told, None)
        assert standing() == [("Ben owns the key, see the wiki (https://wiki.example/k).", "Ben owns the keys.")[number - 1]]
    take(database, body({"type": "message", "subtype": "message_deleted", "deleted_ts": "1.0", "ts": "5.0"})["event"], "Ev9")
    assert standing() == []


def test_what_an_edit_takes_back_is_forgotten_and_what_it_had_replaced_holds_again(database: Database) -> None:
    with database.write() as session:
        old = lessons.teach(session, channels.ensure(session, "T1", "C1"), "Mia has the key.", "U1")
    take(database, message(f"<@{BOT}> remember that Jo has the key."), "Ev1")
    with database.write() as session:
        channel, question = session.query(Channel).one(), session.query(Question).one()
        told = instructions.instruction(question.text)
        assert told
        instructions.carry_out(session, channel, question, told, None)
        new = lessons.in_force(session, channel)[-1]
        old = session.get_one(Lesson, old.id)
        old.status, old.superseded_by = LessonStatus.SUPERSEDED, new.id
    take(database, edited(f"<@{BOT}> never mind", "2.0"), "Ev2")
    with database.read() as session:
        assert [lesson.text for lesson in lessons.in_force(session, session.query(Channel).one())] == ["Mia has the key."]
        assert session.get_one(Lesson, new.id).status == LessonStatus.FORGOTTEN


def test_what_strangers_teach_in_a_shared_channel_waits_for_an_admin(database: Database) -> None:
    with database.write() as session:
        channel = channels.ensure(session, "T1", "C1")
        channel.is_external = True
        lesson = lessons.teach(session, channel, "Mia has the key.", "U1")
        assert lesson.status == LessonStatus.PROPOSED
        assert "a workspace admin" in instructions.noted(session, lesson)


def test_a_conversation_with_the_bot_goes_on_when_the_app_is_back(database: Database) -> None:
    said = body(message("hello"))
    said["event"] |= {"channel": "D1", "channel_type": "im"}
    for number in (1, 2):
        parsed = parse({**said, "event_id": f"Ev{number}", "event": said["event"] | {"ts": f"{number}.0"}})
        assert parsed
        inbox.record(database, parsed, BOT)
        with database.write() as session:
            assert session.query(Channel).one().left_at is None
        gone = parse({"event_id": f"Gone{number}", "team_id": "T1", "event": {"type": "app_uninstalled"}})
        assert isinstance(gone, Uninstalled)
        inbox.record(database, gone, BOT)
        with database.read() as session:
            assert session.query(Channel).one().left_at


def test_what_is_said_before_consent_is_off_the_record_until_history_is_read(database: Database) -> None:
    said = "heads up: the staging database now lives on heron-4, please change your configs"
    take(database, message(said), "Ev1")
    with database.write() as session:
        channel = session.query(Channel).one()
        privacy.attest(session, "T1", "U0")
        privacy.opt_in(session, channel, "U0")
    take(database, {"type": "reaction_added", "user": "U2", "reaction": "pushpin", "item": {"type": "message", "channel": "C1", "ts": "1.0"}}, "Ev2")
    assert not proposals.observe(database, channel, privacy.why_not)
    with database.write() as session:
        sources.heard(session, session.query(Channel).one(), [Utterance("1.0", "U1", said)], brought=True)
    assert len(proposals.observe(database, channel, privacy.why_not)) == 1
