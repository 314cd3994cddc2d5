"""Slack's markup."""

import pytest

from bot import blocks, mrkdwn

CODE = "```\n" + "x = 1\n" * 100 + "```\n"


@pytest.mark.parametrize("text", ["", "short", "line\n" * 2_000, "x" * 9_000, "a\n" * 1_000 + CODE + "b\n" * 1_000, "```\n" + "y = 2\n" * 2_000 + "```"])
def test_a_text_of_any_length_is_cut_into_pieces_that_slack_takes(text: str) -> None:
    pieces = mrkdwn.pieces(text)
    assert all(len(piece) <= 3_000 for piece in pieces)
    assert all(piece.count("```") % 2 == 0 for piece in pieces), "a code block is ended where it is cut, and begun again"
    kept = "".join(pieces).replace("```", "").replace("\n", "")
    assert kept == text.replace("```", "").replace("\n", "")


def test_a_code_block_that_fits_stays_whole() -> None:
    assert any(CODE.strip() in piece for piece in mrkdwn.pieces("a\n" * 1_400 + CODE + "b\n" * 1_400))


def test_what_is_cut_off_leaves_no_half_entity_and_no_open_code() -> None:
    assert mrkdwn.fitting("short") == "short"
    assert mrkdwn.escaped("&" * 4_000).removesuffix("…").replace("&amp;", "") == ""
    long = mrkdwn.fitting("```\n" + "z\n" * 4_000)
    assert len(long) <= 4_000
    assert long.endswith("…```")


def test_a_channel_that_came_without_its_name_is_a_link_again() -> None:
    said = mrkdwn.plain("The pager goes to <#C042ABCDE|>, and <#C042ABCDX|alerts> hears of it.")
    assert said == "The pager goes to #C042ABCDE, and #alerts hears of it."
    assert mrkdwn.escaped(said) == "The pager goes to <#C042ABCDE>, and #alerts hears of it."


@pytest.mark.parametrize("everybody", ["<!here>", "<!channel|@channel>", "<!everyone>"])
def test_whom_a_message_calls_is_no_part_of_what_it_says(everybody: str) -> None:
    assert mrkdwn.plain(f"{everybody} <@U9> remember that <!subteam^S1|@oncall> is paged first", "U9") == "remember that @oncall is paged first"
    assert mrkdwn.plain(f"Use {everybody} only for outages.") == f"Use @{everybody.strip('<>!').split('|')[0]} only for outages."


def test_a_long_answer_becomes_several_sections() -> None:
    assert [block["type"] for block in blocks.paragraphs("word " * 750)] == ["section", "section"]
