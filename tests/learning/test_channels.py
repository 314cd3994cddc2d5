import pytest

from learning.database import Database
from learning.memory import approval, channels, lessons, log, people, privacy, proposals
from learning.memory.log import Utterance
from learning.memory.people import Member
from learning.records import Announcement, Channel, Installation, Message
from tests.learning.conftest import TOLD, noticed, say


def test_learning_needs_attestation_and_opt_in_and_stops_where_it_must(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        assert "attestation" in privacy.why_not(session, ops)
        with pytest.raises(privacy.ConsentError, match="attestation"):
            privacy.opt_in(session, ops, "U0")
        privacy.attest(session, "T1", "U0")
        assert "not opted in" in privacy.why_not(session, ops)
        privacy.opt_in(session, ops, "U0")
        assert privacy.why_not(session, ops) == ""
        ops.is_external = True
        assert "another organisation" in privacy.why_not(session, ops)
        with pytest.raises(privacy.ConsentError, match="another organisation"):
            privacy.opt_in(session, ops, "U0")
        ops.is_external = False
        channels.leave(ops)
        assert "not in this channel" in privacy.why_not(session, ops)
        ops.left_at = None
        privacy.opt_out_channel(ops)
        assert "not opted in" in privacy.why_not(session, ops)
        privacy.withdraw(session, "T1")
        assert "attestation" in privacy.why_not(session, ops)


def test_who_opts_out_is_gone_from_log_and_lessons_and_stays_out(either: Database, ops: Channel) -> None:
    say(either, ops, TOLD)
    lesson = noticed(either, ops)
    say(either, ops, "what port does the gateway use?", "1700000001.000100", "U2")
    say(either, ops, "the gateway uses port 8443", "1700000002.000100", "U1", thread_ts="1700000001.000100", reactions=frozenset({("white_check_mark", "U2")}))
    answered = noticed(either, ops)
    assert answered.question
    with either.write() as session:
        proposals.approve(session, ops, [lesson.id, answered.id])
        assert privacy.opt_out(session, "T1", "U2") == 1, "what rests on their question alone"
        assert [x.id for x in lessons.in_force(session, ops)] == [lesson.id]
        assert privacy.opt_out(session, "T1", "U1") == 1
    say(either, ops, "heads up: the wiki moved to wiki.example", "1700000003.000100")
    assert proposals.observe(either, ops, privacy.why_not) == []
    with either.read() as session:
        assert {message.text for message in session.query(Message)} == {""}
    with either.write() as session:
        people.meet(session, "T1", [Member("U1", "Ana S.")])
        privacy.opt_back_in(session, "T1", "U1")
    say(either, ops, "heads up: the wiki moved to wiki.example", "1700000003.000100")
    assert noticed(either, ops).text == "The wiki moved to wiki.example"


def test_a_channel_keeps_what_it_knows_through_new_ids_and_a_grid(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1", name="ops")
        lessons.teach(session, ops, "The door code is 7341.", "U1")
        assert channels.ensure(session, "T1", "C1", "E1").id == ops.id, "the workspace joined an Enterprise Grid"
        assert ops.enterprise_id == "E1"
        assert channels.ensure(session, "T1", "C1").id == ops.id, "not every payload names the enterprise"
        assert channels.ensure(session, "T2", "C1", "E1").id != ops.id, "another workspace of the grid"
        channels.renumber(session, ops, "C2")
        assert channels.ensure(session, "T1", "C1", "E1").id == ops.id == channels.ensure(session, "T1", "C2", "E1").id
        channels.renumber(session, ops, "C1")
        assert channels.by_ids(session, "T1", "C2").id == ops.id
        assert len(lessons.in_force(session, ops)) == 1


def test_the_clock_of_a_channel_is_its_workspaces_else_its_members(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        assert str(channels.clock(session, ops)) == "UTC"
        members = [Member("U1", "a", "Europe/Paris"), Member("U2", "b", "America/Lima"), Member("U3", "c", "America/Lima", is_deactivated=True)]
        people.meet(session, "T1", [*members, Member("U4", "d", "America/Lima", is_bot=True), Member("U5", "e", "Europe/Paris")])
        ops.time_zone = people.usual_time_zone(session, "T1", ["U1", "U2", "U3", "U4", "U5"])
        assert str(channels.clock(session, ops)) == "Europe/Paris"
        privacy.set_time_zone(session, "T1", "Asia/Tokyo")
        assert str(channels.clock(session, ops)) == "Asia/Tokyo"


def test_a_channel_seen_under_its_new_id_first_is_taken_in(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1", name="ops")
        lessons.teach(session, ops, "The door code is 7341.", "U1")
        early = channels.ensure(session, "T1", "C2")
        log.record(session, early, [Utterance("1.0", "U1", "hello")])
        channels.renumber(session, ops, "C2")
    with either.read() as session:
        assert channels.by_ids(session, "T1", "C2").id == ops.id
        assert [m.channel_id for m in session.query(Message)] == [ops.id]


def test_a_channel_taught_by_name_becomes_the_one_of_that_name_and_a_slip_of_the_keys_makes_none(either: Database) -> None:
    with either.write() as session:
        local = channels.by_handle(session, "#support")
        with pytest.raises(channels.ChannelError, match="#support"):
            channels.known(session, "#suport")
        assert channels.ensure(session, "T1", "C77", name="support").id == local.id
        assert channels.known(session, "#support").slack_id == "C77"
        other = channels.by_handle(session, "#sales")
        channels.ensure(session, "T2", "C1", name="else")
        assert channels.ensure(session, "T1", "C78", name="sales").id != other.id, "of two workspaces either may be meant"


def test_a_channel_taught_by_name_is_found_though_its_name_is_told_only_after_the_invitation(either: Database) -> None:
    with either.write() as session:
        local = channels.by_handle(session, "#support")
        lessons.teach(session, local, "The door code is 7341.", "U1")
        invited = channels.ensure(session, "T1", "C77")
        invited.members = 4
        log.record(session, invited, [Utterance("1.0", "U1", "hello")])
        session.add(Announcement(channel_id=invited.id, key="greeting-C77", text="hello"))
    with either.write() as session:
        named = channels.ensure(session, "T1", "C77", name="support")
        assert (named.id, named.team_id, named.slack_id, named.members) == (local.id, "T1", "C77", 4)
        assert channels.known(session, "#support").id == local.id
    with either.read() as session:
        assert session.query(Channel).count() == 1
        assert [row.channel_id for row in (*session.query(Message), *session.query(Announcement))] == [local.id] * 2


def test_a_channel_taught_by_name_is_nobodys_where_the_app_is_in_several_workspaces(either: Database) -> None:
    with either.write() as session:
        session.add(Installation(team_id="T2", token="", bot_user_id="U9", bot_id="B9"))
        ours = channels.by_handle(session, "#ops")
        assert channels.ensure(session, "T2", "C1", name="ops").id != ours.id, "heard of first, but another's"


def test_who_opts_out_is_out_in_all_workspaces_of_their_organisation(either: Database) -> None:
    with either.write() as session:
        rooms = [channels.ensure(session, team, f"C{team}", enterprise_id=enterprise) for team, enterprise in (("T1", "E1"), ("T2", "E1"), ("T3", ""))]
        for room in rooms:
            log.record(session, room, [log.Utterance("1.0", "U1", "said before")])
        privacy.opt_out(session, "T1", "U1")
        met_later = channels.ensure(session, "T2", "C9")  # by a payload that does not tell the organisation
        for room in (*rooms, met_later):
            log.record(session, room, [log.Utterance("2.0", "U1", "said after")])
    with either.write() as session:
        assert {(m.channel_id, m.text) for m in session.query(Message) if m.text} == {(rooms[2].id, "said before"), (rooms[2].id, "said after")}
        privacy.opt_back_in(session, "T2", "U1")
        assert not log.out_of(session, rooms[0], ["U1"])


def test_a_zone_that_is_not_known_here_stops_no_clock(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        ops.time_zone = "Europe/Atlantis"
        assert str(channels.clock(session, ops)) == "UTC"
        privacy.set_time_zone(session, "T1", "Moon/Tranquility")
        ops.time_zone = "Europe/Paris"
        assert str(channels.clock(session, ops)) == "Europe/Paris"


def test_who_may_teach_is_asked_anew_once_strangers_are_there(either: Database) -> None:
    with either.write() as session:
        ops = channels.ensure(session, "T1", "C1")
        ops.approval = "open"
        channels.share(ops, True)
        assert approval.policy(ops) == "admins"
        ops.approval = "reviewed"
        channels.share(ops, True)
        assert approval.policy(ops) == "reviewed", "an admin has said so since"
