"""`parley intents add`: makes an intent out of a few examples, and says what it may be confused with."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from intents.added import (
    FEWEST_EXAMPLES,
    Added,
    Neighbours,
    Vectors,
    checked_name,
    nearest_others,
    read_added,
    vectors_of,
    write_added,
)
from intents.dictionary import Dictionary, Intent, load_dictionary
from intents.encoder import Encoder
from intents.jury import Jury
from intents.model import load_model
from intents.reading import ranked
from intents.tags import Floats
from intents.training.corpus import ROLES, Utterance, read_folder
from intents.training.saying import saying
from intents.training.split import held_out_voices

_SEED = 6
_HEARD = 6_000
"""Sayings of other intents that are looked through for the nearest ones."""
_JUDGED = 1_500
"""Sayings that the model was not trained on and that tell what the intent takes from others."""
_MOST_TAKEN = 0.1
"""Share of other intents' sayings from which on an intent would do more harm than good."""

Steps = Callable[[Sequence[list[str]]], Iterable[list[str]]]
"""Passes portions of texts on, one by one; where a progress bar hangs."""


@dataclass(frozen=True)
class Taken:
    """A saying of another intent that is read as the new one."""

    intent: str
    text: str


@dataclass(frozen=True)
class Growth:
    """What became of it: the file, how many examples the others among them would find, and what else the intent takes.

    `read_before` counts what the examples were read as without it; `judged` is how many sayings `taken` was found in.
    """

    added: Added
    file: Path
    found_again: int
    read_before: Counter[str]
    taken: tuple[Taken, ...]
    judged: int

    def as_json(self) -> dict[str, object]:
        """Return everything that is told, for machines."""
        return {
            "intent": self.added.intent.id,
            "file": str(self.file),
            "examples": len(self.added.examples),
            "found_again": self.found_again,
            "read_before": dict(self.read_before),
            "taken": [asdict(one) for one in self.taken],
            "judged": self.judged,
        }


def read_examples(file: Path) -> list[str]:
    """Read one saying a line, or JSON lines with `text`. Raise ValueError naming file, line and fault."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: this is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise ValueError(f"{file}: this file cannot be read: {error.strerror}") from error
    texts = (_text(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip())
    return list({saying(text): text for text in texts}.values())


def _text(line: str, origin: str) -> str:
    if not line.lstrip().startswith("{"):
        return line.strip()
    try:
        text = json.loads(line).get("text")
    except ValueError as error:
        raise ValueError(f"{origin}: this is not a JSON object: {error}") from error
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{origin}: `text` must be a sentence")
    return text.strip()


def add_intent(
    name: str,
    sayings: Sequence[str],
    *,
    folder: Path,
    model: Path,
    dictionary: Path,
    data: Path,
    means: str = "",
    who: Sequence[str] = ROLES,
    steps: Steps = lambda portions: portions,
) -> Growth:
    """Write the intent into the folder of added ones; what is said of it there already stays.

    Raise ValueError when the name is taken or none, there are too few sayings, they are too much like everything else, or
    the model has no encoder.
    """
    known = load_dictionary(dictionary)
    if checked_name(name) in known.intents:
        raise ValueError(f"{name} is in the dictionary already; put its sayings into the data and train")
    before = next((one for one in read_added(folder) if one.intent.id == name), None)
    own = {saying(text): text for text in (*(before.examples if before else ()), *sayings)}
    examples = tuple(own.values())
    if len(examples) < FEWEST_EXAMPLES:
        raise ValueError(f"{name}: at least {FEWEST_EXAMPLES} different examples are needed, there are {len(examples)}")
    jury = load_model(model).jury
    if jury.encoder is None:
        raise ValueError(f"{model}: this model has no encoder to find neighbours with; train one without --n-grams-only")
    heard, judged = _others(data, known, own)
    vectors = _in_portions(jury.encoder, steps)
    places = nearest_others(vectors(examples), vectors([one.text for one in heard]))
    told = means or (before.intent.means if before else "")
    intent = Intent(name, tuple(who), told, *_one_each(examples))
    added = Added(intent, examples, tuple(heard[at].text for at in places))
    neighbours = Neighbours([added], vectors_of(jury.encoder))
    taken = []
    for one in judged:
        candidates = ranked(jury, one.text, None, known.customers_own())
        if neighbours.weigh(jury.encoder.read(one.text).vector, candidates)[0].intent == name:
            taken.append(Taken(one.intent, one.text))
    if len(taken) > _MOST_TAKEN * max(1, len(judged)):
        often = Counter(one.intent for one in taken).most_common(3)
        raise ValueError(
            f"{name}: not added, as it would take {len(taken)} of {len(judged)} sayings of other intents, mostly of "
            f"{', '.join(intent for intent, _ in often)}; give examples that are nearer to each other"
        )
    read_before = Counter(ranked(jury, text, None, known.customers_own())[0].intent for text in examples)
    found = _found_again(added, jury, vectors_of(jury.encoder), known.customers_own())
    return Growth(added, write_added(folder, added), found, read_before, tuple(taken), len(judged))


def _found_again(added: Added, jury: Jury, vectors: Vectors, customers_own: Set[str]) -> int:
    """Return how many of the examples would be read as the intent if only the other examples were known."""
    texts = (*added.examples, *added.unlike)
    known = dict(zip(texts, vectors(texts), strict=True))

    def again(texts: Sequence[str]) -> Floats:
        return np.array([known[text] for text in texts], np.float32)

    found = 0
    for text in added.examples:
        others = replace(added, examples=tuple(one for one in added.examples if one != text))
        candidates = ranked(jury, text, None, customers_own)
        found += Neighbours([others], again).weigh(known[text], candidates)[0].intent == added.intent.id
    return found


def _one_each(examples: Sequence[str]) -> tuple[str, str]:
    """Return a Chinese and an English example, as every intent of the dictionary has them."""
    chinese = next((text for text in examples if not text.isascii()), examples[0])
    return chinese, next((text for text in examples if text.isascii()), examples[0])


def _others(data: Path, known: Dictionary, own: dict[str, str]) -> tuple[list[Utterance], list[Utterance]]:
    """Return sayings of other intents: some that the model has learned from, and some that it has not."""
    spoken = [one for one in read_folder(data, known.intents) if one.of is None and saying(one.text) not in own]
    held_out = held_out_voices(data, (one.voice for one in spoken), _SEED)
    heard = [one for one in spoken if one.voice not in held_out.validation | held_out.test]
    judged = [one for one in spoken if one.voice in held_out.validation]
    draw = random.Random(_SEED)  # noqa: S311 - a reproducible sample
    return draw.sample(heard, min(_HEARD, len(heard))), draw.sample(judged, min(_JUDGED, len(judged)))


def _in_portions(encoder: Encoder, steps: Steps) -> Vectors:
    whole = vectors_of(encoder)

    def vectors(texts: Sequence[str]) -> Floats:
        portions = [list(texts[start : start + 256]) for start in range(0, len(texts), 256)]
        return np.concatenate([whole(portion) for portion in steps(portions)])

    return vectors
