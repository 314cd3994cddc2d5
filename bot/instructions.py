"""What people tell the bot by a mention, in threads, too, where slash commands cannot be used: remember, forget, and that an answer was wrong."""

from datetime import date, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.phrases import THIS, Instruction
from learning.answers import Answer
from learning.memory import approval, finding, lessons, log, wondering
from learning.memory.follow_ups import says_enough
from learning.memory.statements import LessonError
from learning.memory.subjects import are_of_two
from learning.records import Channel, Lesson, LessonStatus, Question, now

WHAT_I_DO = """I learn each channel by heart: what you teach me I can use at once, and study at night, so that I answer from memory.
• Ask me here or in a channel; in a direct message, name the channel: where are the keys, in #ops?
• `/teach` me something, or tell me to remember it; `/forget` has me forget it, for good.
• I say where an answer comes from, and when I don't know. `/nightschool help` shows the rest."""

ANSWERS = ("weights", "recall", "general", "abstained")  # replies that are answers: the others are about a lesson


def to_wonder(session: Session, channel: Channel, question: Question) -> Instruction | None:
    """What somebody says in the thread of a report that wondered: an answer, and a lesson to be proposed."""
    report = wondering.in_thread(session, channel, question.thread_ts)
    if report is None or not wondering.is_answer(question.text) or log.out_of(session, channel, [question.author]):
        return None
    wonder, told = wondering.meant(report, question.text)
    return Instruction("answer", with_question(wonder["asked"], told))


def answered_right_above(session: Session, channel: Channel, question: Question) -> bool:
    """Is the message right above, in its thread, an answer of ours?"""
    above = [message.ts for message in log.thread(session, channel, question.thread_ts or question.ts) if message.ts < question.ts][-1:]
    answers = session.scalars(select(Question.answer).where(Question.channel_id == channel.id, Question.reply_ts.in_(above)))
    return any((answer or {}).get("how") in ANSWERS for answer in answers)


def carry_out(session: Session, channel: Channel, question: Question, told: Instruction, permalink: str | None, admin: bool = False) -> Answer | None:
    """Do it, and say so, but for what wants no reply; an `admin` needs nobody's approval. Doing it twice changes nothing."""
    try:
        match told.kind:
            case "remember" if THIS.fullmatch(told.rest):
                return Answer(question.text, "Which one? Write the statement out, or choose *Teach this* in the menu of the message.", "noted")
            case "remember":
                return _noted(session, question, lessons.teach(session, channel, told.rest, question.author, question.ts, permalink, admin))
            case "wrong":
                return _corrected(session, channel, question, told.rest, permalink, admin)
            case "help":
                return Answer(question.text, WHAT_I_DO, "noted")
            case "nothing":
                return None
            case "thanks":
                return Answer(question.text, "You are welcome.", "noted")
            case "answer":
                return _noted(session, question, lessons.teach(session, channel, told.rest, question.author, question.ts, permalink, propose=True))
            case "forget":
                found = finding.find(session, channel, told.rest)
                if not found:
                    return Answer(question.text, "I know nothing like that here. Name the lesson by some of its words.", "noted")
                return Answer(question.text, "This is what I would forget.", "asked_back", sources=found)
    except LessonError as error:
        return Answer(question.text, f"I could not take that: {error}", "noted")


def _corrected(session: Session, channel: Channel, question: Question, rest: str, permalink: str | None, admin: bool) -> Answer:
    """The thread's latest answer gets the vote, and the right one becomes a lesson."""
    thread = question.thread_ts or question.ts
    inside = (Question.channel_id == channel.id, Question.in_thread(thread), Question.ts < question.ts)
    answered = session.scalars(select(Question).where(*inside, Question.reply_ts.is_not(None)).order_by(Question.ts.desc()))
    wrong = next((each for each in answered if (each.answer or {}).get("how") in ANSWERS), None)
    room = session.get(Channel, (wrong.answer or {}).get("room") or channel.id) if wrong else None
    if room and room.id != channel.id:
        return Answer(
            question.text, f"That came from #{room.name or room.slack_id}, not from what you teach me here: tell me there, or press 👎 under it.", "noted"
        )
    if wrong and wrong.reply_ts:
        log.vote(session, channel, wrong.reply_ts, question.author, good=False)
    if not rest:  # what is right was not said
        return Answer(question.text, "What should I have said? Tell me: `that's wrong: …`", "noted")
    text = with_question(wrong.text if wrong else "", rest)
    lesson = lessons.teach(session, channel, text, question.author, question.ts, permalink, admin)
    rested = (wrong.answer or {}).get("lessons", ()) if wrong else ()
    if lesson.status != LessonStatus.PROPOSED:  # what was answered wrongly need not seem so
        contradicted = {each.id for each in lessons.contradicting(session, channel, lesson)}
        there = [each for each in lessons.in_force(session, channel) if each.id in rested and each.id != lesson.id]
        lessons.set_aside(lesson, [each for each in there if each.id in contradicted or are_of_two(lesson.text, each.text)])
    answer = _noted(session, question, lesson)
    for old in (each for each in lessons.replaced(session, lesson) if each.id in rested):  # it was wrong: it does not come back with the correction forgotten
        old.valid_until = min(old.valid_until or date.max, now().date() - timedelta(days=2))  # past by any clock
        answer.settle = ""  # what was wrong cannot stand beside it
    return answer


def _noted(session: Session, question: Question, lesson: Lesson) -> Answer:
    counts = lesson.status != LessonStatus.PROPOSED
    return Answer(question.text, noted(session, lesson), "noted", sources=[lesson] if counts else [], settle=to_settle(session, lesson))


def to_settle(session: Session, lesson: Lesson) -> Literal["", "replaced", "perhaps"]:
    """Has a lesson replaced others, or may it have to, so that whoever taught it may say otherwise?"""
    if lesson.status == LessonStatus.PROPOSED:
        return ""
    if lessons.replaced(session, lesson):
        return "replaced"
    return "perhaps" if lessons.contradicting(session, session.get_one(Channel, lesson.channel_id), lesson) else ""


def with_question(asked: str, answer: str) -> str:
    """A lesson along with the question that it answers, unless that says little by itself, or the lesson brings one."""
    return f"Q: {asked} A: {answer}" if asked and answer and says_enough(asked) and not answer.lower().startswith("q:") else answer


def noted(session: Session, lesson: Lesson) -> str:
    """What whoever taught something is told, as plain text."""
    if lesson.status == LessonStatus.PROPOSED:
        who = approval.by_whom(session.get_one(Channel, lesson.channel_id), lesson)
        return f"Noted: {lesson.told}\nIt waits for {who} to approve it (`/nightschool proposals`)."
    instead = [f"It replaces: {old.told}" for old in lessons.replaced(session, lesson)]
    beside = [f"It seems to contradict: {old.told}" for old in lessons.contradicting(session, session.get_one(Channel, lesson.channel_id), lesson)]
    passing = [f"It holds until {lesson.valid_until:%-d %B %Y}."] if lesson.valid_until else []
    return "\n".join([f"Noted: {lesson.told}", *passing, *instead, *beside, _when(session, lesson)])


def _when(session: Session, lesson: Lesson) -> str:
    channel = session.get_one(Channel, lesson.channel_id)
    if lesson.status == LessonStatus.LEARNED and lesson not in lessons.unproven(session, channel):
        return "I know it by heart already."
    if lesson.status == LessonStatus.SUPERSEDED:
        return "What was said after it takes its place."
    if channel.paused_at:
        return "I can use it now. My nights are paused here: I learn it by heart once `/nightschool resume` lets me."
    return "I can use it now, and will learn it by heart tonight."
