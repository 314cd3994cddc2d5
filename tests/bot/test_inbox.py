from datetime import timedelta
from typing import Any

import pytest

from bot import inbox, instructions, mrkdwn
from bot.events import LIFECYCLE, Archived, Changed, Deleted, Looked, Moved, Reacted, Removed, Renamed, Renumbered, Said, Shared, Uninstalled, parse
from learning.database import Database
from learning.memory import channels, lessons, privacy, proposals, sources
from learning.memory.log import Utterance
from learning.memory.people import Member
from learning.records import Channel, Event, LessonStatus, Message, Question, Reaction, now
from learning.school import School
from tasks import sweeping
from tests.bot.conftest import BOT, body, message, take
from tests.conftest import Running


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
    new = lived("team_join", user={"id": "U2", "name": "ben", "profile": {}})
    assert isinstance(new, Changed), "whoever names them the same day names somebody"
    gone = lived("user_change", user={"id": "U1", "name": "ana", "deleted": True, "tz": "Europe/Paris", "profile": {"display_name": "Ana"}})
    assert isinstance(gone, Changed)
    assert gone.member == Member("U1", "Ana", "Europe/Paris", False, True)
    assert all(
        lived(kind, channel={"id": "C1", "name": "x"}, user={"id": "U1"}, new_channel_id="C2", old_channel_id="C1", tokens={"bot": [BOT]}) for kind in LIFECYCLE
    )
    assert isinstance(lived("app_uninstalled"), Uninstalled)
    assert lived("tokens_revoked", tokens={"oauth": ["U1"]}) is None, "of one person alone"


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


def test_whose_screen_it_was_may_stand_with_the_authorization_alone() -> None:
    event = {"type": "app_context_changed", "context": {"entities": [{"type": "slack#/types/channel_id", "value": "C7"}]}}
    looked = parse({**body(event), "authorizations": [{"team_id": "T1", "user_id": "U1", "is_bot": False}]})
    assert isinstance(looked, Looked)
    assert (looked.user, looked.at) == ("U1", "C7")
    assert parse({**body(event), "authorizations": [{"team_id": "T1", "user_id": BOT, "is_bot": True}]}) is None


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


def test_events_are_remembered_for_a_week(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "school", lambda: school)
    with school.database.write() as session:
        session.add_all(Event(event_id=f"{days}", kind="message", received_at=now() - timedelta(days=days)) for days in (0, 1, 8))
    sweeping.tidy()
    with school.database.read() as session:
        assert sorted(event.event_id for event in session.query(Event)) == ["0", "1"]


def test_what_could_not_be_kept_is_sent_again(bot: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    record, refused = inbox.record, list[str]()

    def full_once(database: Database, event: Any, bot_user_id: str) -> bool:
        if isinstance(event, Said) and "doorbell" in event.message.text and not refused:
            refused.append(event.event_id)
            raise OSError("no room on the disk")
        return record(database, event, bot_user_id)

    monkeypatch.setattr(inbox, "record", full_once)
    ts = bot.ben.say("the doorbell is green")

    def logged() -> bool:
        with bot.school.database.read() as session:
            return session.query(Message).filter_by(ts=ts).count() == 1

    assert bot.ben.wait(logged)
    assert refused
