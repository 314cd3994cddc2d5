"""Asking an adapter, or the base, many questions at once."""

from collections.abc import Sequence

from learning.answers import DRAFTS, drafts
from learning.memory import recall
from learning.model.client import AdapterRef, Client
from learning.model.rendering import Turn
from learning.model.shape import is_capable
from learning.night import self_study
from learning.night.replay import Teacher
from learning.night.self_study import Author
from learning.records import Lesson
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

    `known` are lessons with which it may answer word for word, if it knows them: that is heard sooner then.
    """
    prompts = [school.speaker.prompt([Turn("user", q)], read) for q, read in zip(questions, notes or [()] * len(questions), strict=True)]
    likely = [drafts(school.speaker, [hit.lesson for hit in recall.search(known, q, DRAFTS)]) for q in questions] if known else []
    said = client.complete_all(prompts, adapter, tokens, likely)
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
