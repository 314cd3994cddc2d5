import pytest

from bot.phrases import Instruction, hands_over, instruction


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("remember that the van is blue.", Instruction("remember", "the van is blue.")),
        ("please remember: Q: which van? A: the blue one", Instruction("remember", "Q: which van? A: the blue one")),
        ("Remember this\nthe van is blue", Instruction("remember", "the van is blue")),
        ("forget about the van", Instruction("forget", "the van")),
        (":wave: remember that the van is blue", Instruction("remember", "the van is blue")),
        (":x: that's wrong: the van is green", Instruction("wrong", "the van is green")),
        ("That's wrong: the van is green.", Instruction("wrong", "the van is green.")),
        ("no, that is not right, the van is green", Instruction("wrong", "the van is green")),
        ("it’s wrong. The van is green.", Instruction("wrong", "The van is green.")),
        ("thats wrong, the van is green", Instruction("wrong", "the van is green")),
        ("that's no longer true: the van is green", Instruction("wrong", "the van is green")),
        ("Your answer is wrong. The van is green.", Instruction("wrong", "The van is green.")),
        ("you're wrong: the van is green", Instruction("wrong", "the van is green")),
        ("correction: the van is green", Instruction("wrong", "the van is green")),
        ("please note: the van is blue", Instruction("remember", "the van is blue")),
        ("don't forget that the van is blue", Instruction("remember", "the van is blue")),
        ("forget everything about the van", Instruction("forget", "the van")),
        ("which corrections were there?", None),
        ("what was the note that Dana left?", None),
        ("remember when we shipped the van?", None),
        ("do you remember the van?", None),
        ("who forgot the van?", None),
        ("that's wrong, sorry", Instruction("wrong", "")),
        ("that's wrong!", Instruction("wrong", "")),
        ("That's not right anymore :(", Instruction("wrong", "")),
        ("that was wrong, it's Marek", Instruction("wrong", "it's Marek")),
        ("it's not true that the van is blue", Instruction("wrong", "")),
        ("it is not right to park here", Instruction("wrong", "")),
        ("is that wrong?", None),
        ("remember", None),
        ("Thanks a lot!", Instruction("thanks", "")),
        ("good morning", Instruction("help", "")),
        ("what do you know?", Instruction("help", "")),
        ("what do you know about the van?", None),
        ("thanks to whom is the van blue?", None),
        ("", None),
        ("hey nightschool, remember that the van is blue", Instruction("remember", "the van is blue")),
        ("can you please remember that the van is blue?", Instruction("remember", "the van is blue")),
        ("remember that :tada: means done", Instruction("remember", ":tada: means done")),
        ("remember that if the van burns, we meet at the gate", Instruction("remember", "if the van burns, we meet at the gate")),
        ("remember which room the 14:30 meeting is in", None),
        ("remember who owns the van, please", None),
        ("remember: when the van stops, call Dana", Instruction("remember", "when the van stops, call Dana")),
        ("forget who owns the van", Instruction("forget", "who owns the van")),
        ("can you remember the code of the van", None),
        (":+1:", Instruction("nothing", "")),
        ("remember the above", Instruction("remember", "the above")),
        ("can you remember the code of the van?", None),
        ("remember who owns the van", None),
        ("could you forget the van?", Instruction("forget", "the van")),
        ("sorry but that's incorrect: the van is green", Instruction("wrong", "the van is green")),
        ("wrong, the van is green", Instruction("wrong", "the van is green")),
        ("it was wrong of them to sell the van", None),
        ("hello :wave:", Instruction("help", "")),
        ("how do I teach you?", Instruction("help", "")),
        ("thanks :pray:", Instruction("thanks", "")),
        ("got it", Instruction("nothing", "")),
        ("👍", Instruction("nothing", "")),
        ("?", None),
        ("thanks, and where is the van?", None),
    ],
)
def test_what_is_told_is_told_from_what_is_asked(said: str, told: Instruction | None) -> None:
    assert instruction(said) == told


def test_who_is_called_into_a_thread_is_left_what_was_asked_there() -> None:
    assert all(map(hands_over, ("", "any idea?", "can you answer that?", "do you know?")))
    assert not any(map(hands_over, ("who knows the van?", "is that true?", "and the keys?")))
