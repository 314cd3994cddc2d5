"""How what was said is written down: dates, names, markup."""

from datetime import date

import pytest

from learning.memory import wording
from learning.memory.dates import absolute, settled


@pytest.mark.parametrize(
    ("text", "becomes", "until"),
    [
        ("the office is closed tomorrow", "the office is closed Tuesday 3 March 2026", date(2026, 3, 3)),
        ("closed on friday", "closed on Friday 6 March 2026", date(2026, 3, 6)),
        ("we meet next friday", "we meet Friday 13 March 2026", date(2026, 3, 13)),
        ("the train leaves on thursdays", "the train leaves on thursdays", None),
        ("every sunday night it is wiped", "every sunday night it is wiped", None),
        ("from 16 march the cleaners come early", "from Monday 16 March 2026 the cleaners come early", None),
        ("sign up by april 3rd", "sign up by Friday 3 April 2026", date(2026, 4, 3)),
        ("the price holds till end of march", "the price holds till Tuesday 31 March 2026", date(2026, 3, 31)),
        ("the party is on the 5th of october", "the party is on Monday 5 October 2026", date(2026, 10, 5)),
        ("as of this week Kofi owns it", "as of the week of Monday 2 March 2026 Kofi owns it", None),
        ("it happens in 2 weeks", "it happens on Monday 16 March 2026", date(2026, 3, 16)),
        ("it was on 3 may 2024", "it was on Friday 3 May 2024", None),
        ("offsite is on Friday, January 2, 2027", "offsite is on Saturday 2 January 2027", date(2027, 1, 2)),
        ("valid until Friday, 5 June 2026", "valid until Friday 5 June 2026", date(2026, 6, 5)),
        ("the deadline is 2 May, 2026", "the deadline is Saturday 2 May 2026", date(2026, 5, 2)),
        ("the lift is out of service this week", "the lift is out of service in the week of Monday 2 March 2026", date(2026, 3, 8)),
        ("we renamed #ops yesterday", "we renamed #ops Sunday 1 March 2026", None),
        ("we moved on 20 december 2025", "we moved on Saturday 20 December 2025", None),
        ("valid until 2026-12-31", "valid until 2026-12-31", date(2026, 12, 31)),
        ("API keys expire in 90 days", "API keys expire in 90 days", None),
        ("support is open from monday to friday", "support is open from monday to friday", None),
        ("it runs on sunday at 03:00 and on wednesday at 04:00", "it runs on sunday at 03:00 and on wednesday at 04:00", None),
        ("on monday and tuesday the office is closed", "on Monday 9 March 2026 and Tuesday 3 March 2026 the office is closed", date(2026, 3, 9)),
        ("on friday afternoons", "on friday afternoons", None),
        ("closed december 24-26", "closed 24-26 December 2026", date(2026, 12, 26)),
        ("closed 24 - 26 december", "closed 24 - 26 December 2026", date(2026, 12, 26)),
        ("next week's release", "next week's release", None),
        ("only tier 1 may access the vault", "only tier 1 may access the vault", None),
        ("closed on friday 6 march", "closed on Friday 6 March 2026", date(2026, 3, 6)),
        ("31 february is no date", "31 february is no date", None),
        ("due by friday 17:00", "due by Friday 6 March 2026 17:00", date(2026, 3, 6)),
        ("hand it in by the end of next week", "hand it in by Friday 13 March 2026", date(2026, 3, 13)),
        ("valid until friday 13.03.2026", "valid until Friday 13 March 2026", date(2026, 3, 13)),
        ("Priya took over billing on friday", "Priya took over billing on Friday 27 February 2026", None),
        ("we moved the demo, it is on friday", "we moved the demo, it is on Friday 6 March 2026", None),
        ("we moved the demo to next friday", "we moved the demo to Friday 13 March 2026", None),
        ("since 1 june invoices go to Ana", "since Sunday 1 June 2025 invoices go to Ana", None),
        ("parcels to Spain arrive in 3 days", "parcels to Spain arrive in 3 days", None),
        ("it needs two approvals from now on; set it up by friday", "it needs two approvals from now on; set it up by Friday 6 March 2026", None),
        ("we moved the release to 30 march", "we moved the release to Monday 30 March 2026", None),
        ("Ana took over on-call until friday", "Ana took over on-call until Friday 6 March 2026", date(2026, 3, 6)),
        ("support is available from monday to friday, 9-17", "support is available from monday to friday, 9-17", None),
        ("the bins are emptied on tuesday and friday", "the bins are emptied on tuesday and friday", None),
        ("the meeting moved from tuesday to thursday", "the meeting moved from tuesday to thursday", None),
    ],
)
def test_relative_dates_become_absolute_and_tell_when_a_lesson_expires(text: str, becomes: str, until: date | None) -> None:
    dated = absolute(text, date(2026, 3, 2))
    assert (dated.text, dated.until) == (becomes, until)


@pytest.mark.parametrize(
    ("text", "becomes", "until"),
    [
        ("The kitchen is open until 21:00 on Sunday.", "The kitchen is open until 21:00 on Sunday.", None),
        ("The lab is closed until Friday.", "The lab is closed until Friday 6 March 2026.", date(2026, 3, 6)),
        ("The sale runs until next week.", "The sale runs until the week of Monday 9 March 2026.", date(2026, 3, 15)),
        ("The freeze lasts through the end of the month.", "The freeze lasts through Tuesday 31 March 2026.", date(2026, 3, 31)),
        ("The code holds until 31 December 2026.", "The code holds until 31 December 2026.", date(2026, 12, 31)),
        ("As of tomorrow the standup is at 9:15.", "As of Tuesday 3 March 2026 the standup is at 9:15.", None),
        ("Starting Monday the gate closes at 8.", "Starting Monday 9 March 2026 the gate closes at 8.", None),
        ("From next week Ana owns billing.", "From the week of Monday 9 March 2026 Ana owns billing.", None),
        ("From next month parking costs 8 euros.", "From April 2026 parking costs 8 euros.", None),
        ("Expenses after the 20th are paid next month.", "Expenses after the 20th are paid next month.", None),
        ("Unused vacation carries over to next year.", "Unused vacation carries over to next year.", None),
        ("The desk is closed until next year.", "The desk is closed until 2027.", date(2027, 1, 1)),
        ("The desk is closed until the end of next month.", "The desk is closed until Thursday 30 April 2026.", date(2026, 4, 30)),
        ("The desk is closed until the end of the year.", "The desk is closed until Thursday 31 December 2026.", date(2026, 12, 31)),
        ("The canteen is closed today.", "The canteen is closed Monday 2 March 2026.", None),
        ("We're closed today.", "We're closed Monday 2 March 2026.", None),
        ("No standup today.", "No standup Monday 2 March 2026.", None),
        ("Closed through 14 May.", "Closed through Thursday 14 May 2026.", date(2026, 5, 14)),
        ("Dr. Meier is away until Friday.", "Dr. Meier is away until Friday 6 March 2026.", date(2026, 3, 6)),
        ("It ships today if ordered before 15:00.", "It ships today if ordered before 15:00.", None),
        ("Support answers from Monday until Friday.", "Support answers from Monday until Friday.", None),
        ("From Monday to Friday the desk is staffed.", "From Monday to Friday the desk is staffed.", None),
        ("Timesheets can be changed until Friday every week.", "Timesheets can be changed until Friday every week.", None),
        ("The pass is closed until 5 May.", "The pass is closed until Tuesday 5 May 2026.", date(2026, 5, 5)),
        ("The pass is closed until 5 May every year.", "The pass is closed until 5 May every year.", None),
        ("Closed from 24 december until 2 january.", "Closed from 24 december until Saturday 2 January 2027.", date(2027, 1, 2)),
        ("Closed until Fri., 18 Dec 2026.", "Closed until Fri., 18 Dec 2026.", None),
        ("Closed until Friday (18 December).", "Closed until Friday (18 December).", None),
        ("Closed until Friday in two weeks.", "Closed until Friday in two weeks.", None),
        ("The offsite is tomorrow.", "The offsite is Tuesday 3 March 2026.", None),
        ("Since 1 June invoices go to Ana.", "Since 1 June invoices go to Ana.", None),
        ("The site was down until yesterday.", "The site was down until Sunday 1 March 2026.", None),
        ("What is ordered today arrives tomorrow.", "What is ordered today arrives tomorrow.", None),
        ("The contract ran until 1 March 2025.", "The contract ran until 1 March 2025.", None),
        ("Closed until Friday 17:00.", "Closed until Friday 6 March 2026 17:00.", date(2026, 3, 6)),
        ("Closed through Friday.", "Closed through Friday 6 March 2026.", date(2026, 3, 6)),
        ("The site is down until 3pm today.", "The site is down until 3pm Monday 2 March 2026.", date(2026, 3, 2)),
        ("Ana is away from tomorrow until Friday.", "Ana is away from Tuesday 3 March 2026 until Friday 6 March 2026.", date(2026, 3, 6)),
        ("The old API works until end of month.", "The old API works until Tuesday 31 March 2026.", date(2026, 3, 31)),
        ("The lab is closed until Friday. The door code is 4711.", "The lab is closed until Friday 6 March 2026. The door code is 4711.", None),
        ("Until 31 March 2026 the rate is 5%, after that 6%.", "Until 31 March 2026 the rate is 5%, after that 6%.", None),
    ],
)
def test_of_what_is_taught_only_what_ends_or_begins_on_a_day_is_dated(text: str, becomes: str, until: date | None) -> None:
    dated = settled(text, date(2026, 3, 2))
    assert (dated.text, dated.until) == (becomes, until)


def test_a_date_long_gone_is_next_years() -> None:
    assert absolute("we open again on 5 january", date(2026, 12, 20)).until == date(2027, 1, 5)
    assert absolute("we moved on 15 december", date(2026, 1, 5)).text == "we moved on Monday 15 December 2025"


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("open 11:30-14:00 and 8:00-18:00 :tada: :+1::skin-tone-3:", "open 11:30-14:00 and 8:00-18:00"),
        ("10:30:45 and `-p 8080:80:tcp`", "10:30:45 and `-p 8080:80:tcp`"),
        ("put keys in ~/.ssh, logs in ~/.log; *now* ~old~", "put keys in ~/.ssh, logs in ~/.log; now"),
        ("delete *.log and *.tmp, at `0 3 * * *`", "delete *.log and *.tmp, at `0 3 * * *`"),
        ("ask <!subteam^S0123|@oncall> by <!date^1^x|March 8, 2026> <!here>", "ask @oncall by March 8, 2026"),
    ],
)
def test_markup_becomes_text_and_numbers_stay(said: str, plain: str) -> None:
    assert wording.plain(said, {}) == plain


@pytest.mark.parametrize(
    ("said", "anybody"),
    [
        ("the office in the US must use the us-east-1 cluster", "The office in the US must use the us-east-1 cluster"),
        ("phase I is done, says me@corp.example in /home/me/my.cnf", "Phase I is done, says me@corp.example in /home/me/my.cnf"),
        ("we usually deploy on main, we no longer squash", "The team usually deploy on main, the team no longer squash"),
        ("Ben and I own it, ask us or me", "Ben and Ana own it, ask the team or Ana"),
        ("I'd moved it before I'd say so", "Ana had moved it before Ana would say so"),
        ("Update the runbook after each release", "Update the runbook after each release"),
        ("Reminder emails are sent at 09:00", "Reminder emails are sent at 09:00"),
        ("Morning standup is at 9", "Morning standup is at 9"),
        ("All-hands is at 15:00", "All-hands is at 15:00"),
        ("all: the archive is closed", "The archive is closed"),
        ("hello@acme.example is read daily", "hello@acme.example is read daily"),
        ("so far Ben alone approves refunds", "So far Ben alone approves refunds"),
        ("we cannot take cash, we already asked, we went to Porto", "The team cannot take cash, the team already asked, the team went to Porto"),
        ("Note that the archive is closed", "The archive is closed"),
        ("Update: the archive is closed", "The archive is closed"),
        ("reminder to all: the archive is closed", "The archive is closed"),
    ],
)
def test_said_so_that_it_holds_for_anybody(said: str, anybody: str) -> None:
    assert wording.resolve(said, "Ana", date(2026, 3, 2)).text == anybody


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("heads up: we moved to the annex", "The team moved to the annex"),
        ("fyi I own the scanner, ask me", "Ana owns the scanner, ask Ana"),
        ("I'm on call and my number is 4711", "Ana is on call and Ana's number is 4711"),
        ("our wiki is at https://we.example/my/us now", "The team's wiki is at https://we.example/my/us now"),
        ("we have `we` and `my_key` in there", "The team has `we` and `my_key` in there"),
        ("team day is in may", "Team day is in may"),
        ("team: the door is open", "The door is open"),
    ],
)
def test_who_speaks_is_named(text: str, becomes: str) -> None:
    assert wording.resolve(text, "Ana", date(2026, 3, 2)).text == becomes


def test_a_name_that_is_a_pronoun_is_left_as_it_is() -> None:
    assert wording.resolve("I own the scanner, mine is the van", "Mine Kaya", date(2026, 3, 2)).text == "Mine Kaya owns the scanner, Mine Kaya's is the van"


def test_markup_is_read_in_full() -> None:
    text = "ask <@U2> in <#C1|ops>, see <https://x.example/a|the page> &amp; <mailto:a@b.example|a@b.example> :tada:"
    assert wording.plain(text, {"U2": "Ben Okafor"}) == "ask Ben Okafor in #ops, see the page (https://x.example/a) & a@b.example"
