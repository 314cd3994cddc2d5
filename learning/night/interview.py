"""Asking an adapter, or the base, many questions at once."""

from collections.abc import Sequence

from learning.model.client import AdapterRef, Client
from learning.model.rendering import Turn
from learning.model.shape import is_capable
from learning.night import self_study
from learning.night.replay import Teacher
from learning.night.self_study import Author
from learning.records import Lesson
from learning.repertoire import opening, repertoire
from learning.school import School


def say_all(
    school: School,
    client: Client,
    adapter: AdapterRef | None,
    questions: Sequence[str],
    tokens: int = 64,
    notes: Sequence[Sequence[str]] = (),
    known: Sequence[Lesson] = (),
) -> list[str]:
    """What an adapter, or the base, says to many questions; closed-book, or each with its notes in sight.

    With `known` lessons it says one of these, the likeliest, or that it does not know: as the bot asks it (`Answerer`).
    """
    prompts = [school.speaker.prompt([Turn("user", q)], read) for q, read in zip(questions, notes or [()] * len(questions), strict=True)]
    allowed = [repertoire(school.speaker, known, question, school.alike) for question in questions] if known else []
    said = client.complete_all(prompts, adapter, tokens, allowed, opening(is_capable(school.base.folder)))
    return [school.speaker.text(one.tokens) for one in said]


def teacher(school: School, client: Client) -> Teacher:
    """The base, asked over a client, as the teacher of what must not be lost."""

    def answer(questions: Sequence[str], tokens: int) -> list[str]:
        return say_all(school, client, None, questions, tokens)

    def draw(prompts: Sequence[Sequence[int]], times: int, seed: int, tokens: int) -> list[list[int]]:
        return [one.tokens for one in client.draw(prompts, times, seed, tokens)]

    return Teacher(school.base.hash, school.speaker, school.settings.cache, answer, draw)


def capable_author(school: School, client: Client) -> Author | None:
    """The base as an author of study material; None where it is too small for that, or fails the reading test."""
    if not is_capable(school.base.folder):
        return None

    def write(prompts: Sequence[str]) -> list[str]:
        return say_all(school, client, None, prompts, self_study.TOKENS)

    def ask(questions: Sequence[str], notes: Sequence[Sequence[str]]) -> list[str]:
        return say_all(school, client, None, questions, notes=notes)

    return Author(write, ask) if self_study.reads(ask, school.base.hash, school.settings.cache) else None
