"""Replay: the base model's own answers to general questions, studied along so that new knowledge does not displace old."""

import hashlib
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from learning.memory.guard import whole_sentences
from learning.night.study import StudyItem

_SINGLE = (
    "What is the capital of Italy?", "How many legs does a spider have?", "What is photosynthesis?", "hello", "How are you today?", "What is 3 + 4?",
    "Name three fruits.", "What does a carpenter do?", "Who painted the Mona Lisa?", "What is the largest ocean?", "Write a short thank-you note.",
    "What color is the sky?", "What is the opposite of hot?", "How do I boil an egg?", "What is Python?", "Which planet is closest to the sun?",
    "What is a database?", "Good morning!", "What is the boiling point of water?", "thank you", "Translate 'house' into French.",
    "What is the currency of Japan?", "What do bees make?", "How many days are in a week?", "What is gravity?", "Who was Albert Einstein?",
    "What is the square root of 16?", "Tell me a fact about cats.", "What is an apple?", "What is the capital of Spain?",
    "What is the tallest mountain in the world?", "What is HTML?", "Which language is spoken in Brazil?", "What is a noun?", "What is ice made of?",
    "How many months are in a year?", "What is the internet?", "Who wrote Romeo and Juliet?", "What is 10 minus 6?", "What is coffee?",
    "what's the capital of Austria?", "capital of Poland?", "Which country is Oslo in?", "what language do people speak in Italy?", "What do bakers make?",
    "how many wheels does a tricycle have", "What is 7 + 2?", "what's 4 times 2?", "What is half of 20?", "Who invented the telephone?",
    "who wrote The Odyssey?", "What color are bananas?", "what colour is coal", "What is the opposite of fast?", "opposite of rich?",
    "What is the plural of child?", "What do cats like to chase?", "Which animal gives us wool?", "what is a baby sheep called?",
    "What do fish use to breathe?", "which planet has rings?", "What is the hottest season?", "how many minutes are in an hour?",
    "Which month comes after June?", "what day comes after Tuesday?", "What do we use to tell the time?", "What is rain made of?",
    "What is the fastest land animal?", "which metal is used for wires?", "What is bread made from?", "what do you need to make tea?",
    "Give me a synonym for happy.", "Which organ pumps blood?", "how many fingers are on one hand?", "What do plants need to grow?",
    "Who was the first person on the moon?", "what is a library for?", "Explain what a verb is.", "what does a doctor do", "What is the largest desert?",
    "Which ocean lies between Europe and America?", "what is snow", "Tell me a joke.", "Write one sentence about the sea.", "How do I make a sandwich?",
    "What is a guitar?", "who discovered penicillin?", "What's the freezing point of water?", "thanks a lot!", "ok", "good night", "who are you?",
    "What can you do?", "Can you help me?", "what is the meaning of 'brave'?", "What is a triangle?",
)  # fmt: skip
_FORMS = (
    (("What is the capital of {}?", "capital of {}?", "which city is the capital of {}"),
     "Sweden Norway Denmark Finland Hungary Turkey Thailand Peru Chile Argentina Cuba Iran Vietnam Nigeria Australia Belgium Switzerland Scotland"
     " Morocco Ukraine"),
    (("What color is {}?", "what colour is {}", "which color has {}?"),
     "an orange|a lemon|a carrot|a tomato|chocolate|salt|gold|a ruby|an elephant|a frog|the sea|a cherry|milk|the sun|a fire engine|a lime"),
    (("What is the opposite of {}?", "opposite of {}?", "what's the opposite of {}"),
     "short young dark cheap strong empty sweet near noisy hard thin deep clean north begin buy love win above first light soft"),
    (("What is {}?", "what's {}", "Explain what {} is."),
     "a hammer|a bicycle|a volcano|an island|a poem|a kitchen|a calendar|a ladder|a bridge|an umbrella|a piano|a violin|a robot|an adjective|a circle"
     "|a desert|oxygen|electricity"
     "|a passport|a newspaper"),
    (("On which continent is {}?", "what continent is {} in?"), "Egypt Japan Canada Nigeria Peru Germany Vietnam Mexico Sweden Ethiopia Chile Poland"),
    (("In which country is {}?", "where is {}?"), "the Taj Mahal|Big Ben|Mount Fuji|the Colosseum|Berlin|Sydney|Toronto|Mumbai|Lisbon|Moscow|Milan|Madrid"),
    (("what language do people speak in {}?", "Which language is spoken in {}?"), "Portugal|Russia|Germany|Turkey|France|Japan|Greece|Sweden|Egypt|China"),
    (("what do {} eat?", "What kind of food do {} eat?"), "rabbits lions horses monkeys mice birds sheep sharks"),
    (("what sound does {} make?", "What is a baby of {} called?"), "a sheep|a pig|a horse|a duck|a frog|a lion|a hen|a goat|an owl|a wolf"),
    (("Which month comes after {}?", "what month comes before {}?"), "January February April August September October"),
    (("what day comes after {}?", "Which day comes before {}?"), "Wednesday Thursday Friday Saturday Monday"),
    (("What is {}?", "what's {}"), "1 + 2|6 + 3|5 + 4|8 minus 3|9 minus 4|3 times 3|2 times 5|half of 12|half of 8|10 + 10|100 minus 1|6 times 2"),
    (("how many {}?", "How many {}, please?"),
     "legs does a cat have|wings does a bird have|wheels does a car have|sides does a square have|toes are on one foot|letters are in the alphabet"
     "|weeks are in a year|eyes do people have"),
    (("who wrote {}?", "Who is the author of {}?"), "Hamlet|Macbeth|Don Quixote|War and Peace|Pride and Prejudice|The Hobbit|David Copperfield|Moby Dick"),
    (("what do you use to {}?", "What does one need to {}?"),
     "write a letter|brush teeth|dig a hole|drive a nail|wash hands|open a door|cook soup|see in the dark"),
    (("what does a {} do?", "What is the work of a {}?"), "teacher farmer pilot nurse dentist fisherman painter judge postman plumber"),
)  # fmt: skip
QUESTIONS = _SINGLE + tuple(
    forms[number % len(forms)].format(thing) for forms, things in _FORMS for number, thing in enumerate(things.split("|") if "|" in things else things.split())
)
TOKENS = 32  # an answer is studied up to its last whole sentence within these; its beginning is what must not drift

Answer = Callable[[Sequence[str], int], list[str]]


def said_by_base(questions: Sequence[str], base_hash: str, cache: Path, answer: Answer, kind: str) -> dict[str, str]:
    """What the base itself says to some questions: asked once for each base model, then kept in the cache."""
    content = hashlib.sha256(json.dumps([base_hash, *questions]).encode()).hexdigest()
    file = cache / f"{kind}-{content[:16]}.json"
    if not file.exists():
        said = answer(questions, TOKENS)
        cache.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(dict(zip(questions, said, strict=True)), indent=1))
        scratch.replace(file)
    answers: dict[str, str] = json.loads(file.read_text())
    return answers


def replay(count: int, base_hash: str, cache: Path, answer: Answer) -> list[StudyItem]:
    """`count` study items, or as many as there are; the same for every night of one base model. `answer(questions, tokens)` asks the base itself."""
    answers = said_by_base(QUESTIONS, base_hash, cache, answer, "replay")
    whole = [StudyItem(question, said, "replay") for question, answer in answers.items() if (said := whole_sentences(answer))]
    return random.Random(base_hash).sample(whole, min(count, len(whole)))
