"""The tables. Truth is here: a question, a telling, a reading, a lesson, a night and an announcement are rows with a state, a lease and a generation."""

from learning.records.base import LOCAL, UNFINISHED, Key, Leased, Record, UtcDateTime, Work, now
from learning.records.conversation import Channel, ChannelAlias, Event, ImportedFile, Installation, Message, Person, Reaction, Reading, Workspace
from learning.records.knowledge import Forgetting, Lesson, LessonSource, LessonStatus, Tombstone
from learning.records.speech import Announcement, Question, Telling
from learning.records.study import EXAMINED, Adapter, AdapterLesson, AdapterState, ExamAnswer, Night, StudyItemRecord

__all__ = [
    "EXAMINED", "LOCAL", "UNFINISHED", "Adapter", "AdapterLesson", "AdapterState", "Announcement", "Channel", "ChannelAlias", "Event", "ExamAnswer",
    "Forgetting", "ImportedFile", "Installation", "Key", "Leased", "Lesson", "LessonSource", "LessonStatus", "Message", "Night", "Person",
    "Question", "Reaction", "Reading", "Record", "StudyItemRecord", "Telling", "Tombstone", "UtcDateTime", "Work", "Workspace", "now",
]  # fmt: skip
