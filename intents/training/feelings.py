"""`python -m intents.training.feelings`: trains and judges the head that reads feelings from words, beside the encoder.

What is chosen is chosen on voices that were not learned from at the time; the held-out voices only judge.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from intents.dictionary import load_dictionary
from intents.encoder import Encoder
from intents.features import features
from intents.feelings import FEELINGS, FEELINGS_FILE, ROLE, Feelings, FeelingsHead, bare, save_head, units_of
from intents.grams import Floats, Head
from intents.training.corpus import LANGUAGES, Utterance, read_folder
from intents.training.fit import best_vote, vectorise
from intents.training.split import held_out_voices

_PACKAGE = Path(__file__).parents[1]
FEELINGS_FOLDER = "feelings"
"""Where the sentences lie in a folder of utterances."""
DATA = _PACKAGE / "data" / FEELINGS_FOLDER
MODEL = _PACKAGE / "model"
HELD_OUT_FILE = "held_out.yaml"
CARD_FILE = "FEELINGS_CARD.md"

SEEN_AT_LEAST = 2
"""Sentences that an n-gram must occur in."""
KEPT = 4_000
"""N-grams that are kept: those that say most."""
_MEANING, _WORDS = 0.006, 6.0
"""C of both regressions, chosen voice by voice among the training voices."""
_PARTS = 8
"""Into how many groups the training voices are parted, to see what each group gets from the others."""
_FEWEST_VOICES = 2
_ORDINARY = (
    "buying.",
    "chat.",
    "data.export",
    "data.grant",
    "data.update",
    "data.view",
    "knowledge.",
    "objection.authority",
    "objection.budget",
    "objection.competitor",
    "objection.contract",
    "objection.integration",
    "objection.no_need",
    "objection.price",
    "objection.stall",
    "objection.timing",
    "service.how_to",
    "service.invoice",
    "service.progress",
    "status.",
)
"""Intents that customers mostly have without anger, joy or sadness; complaints and lost trust are not among them."""
_ORDINARY_LEARNED, _ORDINARY_JUDGED = 1_500, 600
"""How many such sentences count as neutral: without them one in seven of them was called angry, with 4,000 real anger was
missed more often than was won."""
_CALLED = 0.3
"""Confidence from which words have a say that matters."""
Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sentence:
    """One sentence as a recogniser writes it; `voice` is who says it, `feeling` what it says about the speaker's mood."""

    text: str
    lang: str
    feeling: str
    voice: str


@dataclass(frozen=True)
class Reads:
    """How well feelings are read, 0 … 1 each.

    `four` and `anger`: unweighted average recall of the four classes and of anger against the rest; `calibration`: mean
    distance of probability and truth over ten bins (ECE); `recalls`: of each class.
    """

    sentences: int
    four: float
    anger: float
    calibration: float
    recalls: tuple[float, ...]


def read_sentences(folder: Path) -> list[Sentence]:
    """Read every `*.jsonl` of the folder, a voice each. Raise ValueError naming file and line at the first wrong one."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                said = json.loads(line)
                sentence = Sentence(said["text"], said["lang"], said["feeling"], file.stem)
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{file}:{number}: this is no sentence with text, lang and feeling") from error
            if sentence.feeling not in FEELINGS or sentence.lang not in LANGUAGES or not sentence.text.strip():
                raise ValueError(f"{file}:{number}: feelings are {', '.join(FEELINGS)}, languages {', '.join(LANGUAGES)}")
            found.append(sentence)
    if not found:
        raise ValueError(f"{folder}: there is no sentence to learn feelings from")
    return found


def ordinary_talk(utterances: Iterable[Utterance], most: int) -> list[Sentence]:
    """Return so many of the customers' utterances that are ordinary business, the same ones each time, as neutral."""
    calm = [one for one in utterances if one.role == "customer" and one.of is None and one.intent.startswith(_ORDINARY)]
    chosen = sorted(calm, key=lambda one: (sha256(one.text.encode()).digest(), one.voice))[:most]
    return [Sentence(one.text, one.lang, "neutral", one.voice) for one in chosen]


def held_out(folder: Path) -> frozenset[str]:
    """Return the names of the voices that only judge; none where the folder does not name any."""
    file = folder / HELD_OUT_FILE
    return frozenset(yaml.safe_load(file.read_text(encoding="utf-8"))) if file.exists() else frozenset()


def learn(sentences: Sequence[Sentence], encoder: Encoder) -> FeelingsHead:
    """Train on these sentences. Raise ValueError where they show a single voice, or not all feelings."""
    vectors = np.stack([encoder.read(bare(one.text), ROLE).vector for one in sentences])
    truth = np.array([FEELINGS.index(one.feeling) for one in sentences])
    voices = sorted({one.voice for one in sentences})
    if len(voices) < _FEWEST_VOICES or len(set(truth.tolist())) < len(FEELINGS):
        raise ValueError("feelings are learned from two voices at least, and from all of: " + ", ".join(FEELINGS))
    meaning, words = (np.zeros((len(sentences), len(FEELINGS)), np.float32) for _ in range(2))
    for part in range(min(_PARTS, len(voices))):
        aside = np.array([one.voice in voices[part::_PARTS] for one in sentences])
        others = [one for one, is_aside in zip(sentences, aside, strict=True) if not is_aside]
        found = _fitted(others, vectors[~aside], truth[~aside], encoder.digest)
        for row in np.flatnonzero(aside).tolist():
            meaning[row], words[row] = found.logits(bare(sentences[row].text), vectors[row])
    return replace(_fitted(sentences, vectors, truth, encoder.digest), votes=best_vote(meaning, words, truth))


def _fitted(sentences: Sequence[Sentence], vectors: Floats, truth: Integers, digest: str) -> FeelingsHead:
    """Fit both halves of a head; how much each counts is left open."""
    counts = [features(bare(one.text)) for one in sentences]
    seen = Counter(name for count in counts for name in count)
    names = [name for name, times in seen.items() if times >= SEEN_AT_LEAST]
    weights, _, _ = _words(counts, names, seen, truth)
    said_most = np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:KEPT]
    names = sorted(names[row] for row in said_most)
    weights, words_bias, rarity = _words(counts, names, seen, truth)
    scale = np.asarray(np.abs(weights).max(axis=0) / 127 + 1e-9, np.float32)
    words = Head(np.rint(weights / scale).astype(np.int8), scale, words_bias)
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
    meaning, bias = _regressed((vectors - mean) / deviation, truth, _MEANING)
    meaning = np.asarray(meaning / deviation[:, None], np.float32)
    bias = np.asarray(bias - mean @ meaning, np.float32)
    vocabulary = {name: row for row, name in enumerate(names)}
    met = frozenset(unit for one in sentences for unit in units_of(one.text))
    return FeelingsHead(digest, meaning, bias, vocabulary, rarity, words, (1.0, 1.0), met)


def _words(
    counts: Sequence[Counter[str]], names: Sequence[str], seen: Counter[str], truth: Integers
) -> tuple[Floats, Floats, Floats]:
    """Return weights (V, 4), bias (4) and rarity (V) of these n-grams."""
    rarity = np.array([np.log(1 + len(counts) / seen[name]) for name in names], np.float16).astype(np.float32)
    rows = vectorise(counts, {name: row for row, name in enumerate(names)}, rarity)
    return *_regressed(rows, truth, _WORDS), rarity


def _regressed(rows: Floats | csr_matrix, truth: Integers, strength: float) -> tuple[Floats, Floats]:
    fitted = LogisticRegression(C=strength, class_weight="balanced", max_iter=500).fit(rows, truth)
    return np.asarray(fitted.coef_.T, np.float32), np.asarray(fitted.intercept_, np.float32)


def judge(feelings: Feelings, sentences: Sequence[Sentence]) -> dict[str, Reads]:
    """Return how well these sentences are read, all in all and by language."""
    told = feelings.of([one.text for one in sentences])
    rows = np.array([[getattr(one, name) for name in FEELINGS] for one in told])
    truth = np.array([FEELINGS.index(one.feeling) for one in sentences])
    langs = np.array([one.lang for one in sentences])
    found = {"all": _reads(rows, truth)}
    return found | {lang: _reads(rows[langs == lang], truth[langs == lang]) for lang in LANGUAGES if (langs == lang).any()}


def _reads(rows: Rows, truth: Integers) -> Reads:
    told, highest = rows.argmax(axis=1), rows.max(axis=1)
    recalls = tuple(float((told[truth == one] == one).mean()) for one in range(len(FEELINGS)) if (truth == one).any())
    angry, called = truth == 0, told == 0
    anger = [float(part.mean()) for part in (called[angry], ~called[~angry]) if len(part)]
    bins = np.minimum((highest * 10).astype(int), 9)
    off = [
        abs(highest[bins == one].mean() - (told == truth)[bins == one].mean()) * (bins == one).mean() for one in set(bins)
    ]
    return Reads(len(truth), float(np.mean(recalls)), float(np.mean(anger)), float(sum(off)), recalls)


def false_alarms(feelings: Feelings, ordinary: Sequence[Sentence]) -> float:
    """Return the share of ordinary sentences in which the words would speak for anger."""
    told = feelings.of([one.text for one in ordinary])
    called = [one.angry > max(one.happy, one.neutral, one.sad) and one.confidence > _CALLED for one in told]
    return float(np.mean(called)) if called else 0.0


_CARD = """# The feelings that words carry

`{file}` is a head on the encoder beside it (and on no other: it holds that encoder's digest). It reads one sentence of a
customer, punctuation aside, and gives probabilities of angry, happy, neutral and sad, with a confidence. Two logistic
regressions vote: one on the sentence vector, one on {kept:,} n-grams of characters and words, int8. {kilobytes} KB.

The confidence says how much the words themselves carry: nearly nothing for plain facts, however neutral, less the shorter a
sentence is, and nothing where most of its words were never met, as in other languages than Chinese and English. So "好的" or
"the van is behind the school" leaves the mood to the voice.

## From what
{learned:,} sentences of {voices} invented customers on the telephone with sales and service, Chinese, English and mixed, in
`../data/feelings/`, written for this project by a language model. No real call, person or data set is in them.
And {ordinary:,} sentences of customers' ordinary business (quotes, addresses, how things work, objections) of `../data/`, as
neutral.

## How well
On {judged} sentences of {strangers} other invented customers, none of whom was learned from:
{names}.
`../data/README.md` says how they came about. Unweighted average recall; chance is 0.25 and 0.50.

| sentences | number | four classes | angry against the rest | angry, happy, neutral, sad | calibration error |
|---|---|---|---|---|---|
{rows}

Of {alarms_of} sentences of ordinary business, of voices not learned from, the words of {alarms:.1%} speak for anger.

## Not for
Staff, and deciding anything about a person. It reads words, not what somebody feels; sarcasm, politeness that is cold, and
dialect are where it errs most. All its voices were invented by one author, so real callers will be read less well.
"""


def card(
    head: FeelingsHead,
    learned: Sequence[Sentence],
    strangers: Sequence[Sentence],
    read: dict[str, Reads],
    size: int,
    ordinary: int = 0,
    alarms: tuple[int, float] = (0, 0.0),
) -> str:
    """Return the model card; `ordinary`: how many sentences of ordinary business were learned from, `alarms`: of how many
    others which share speaks for anger."""
    rows = [
        f"| {name} | {one.sentences} | {one.four:.3f} | {one.anger:.3f} | "
        f"{', '.join(f'{recall:.2f}' for recall in one.recalls)} | {one.calibration:.3f} |"
        for name, one in read.items()
    ]
    return _CARD.format(
        file=FEELINGS_FILE,
        kept=len(head.vocabulary),
        kilobytes=round(size / 1000),
        learned=len(learned),
        voices=len({one.voice for one in learned}),
        judged=len(strangers),
        strangers=len({one.voice for one in strangers}),
        names=", ".join(sorted({one.voice for one in strangers})),
        rows="\n".join(rows),
        ordinary=ordinary,
        alarms_of=alarms[0],
        alarms=alarms[1],
    )


def write(
    data: Path,
    model: Path,
    encoder: Encoder,
    learned_from: Iterable[Utterance] = (),
    judged_on: Iterable[Utterance] = (),
) -> dict[str, Reads]:
    """Train on the folder `data`, put head and card into `model`, and return how well held-out voices are read.

    `learned_from` and `judged_on` are utterances of customers, of different voices; those of ordinary business are taken.
    """
    sentences, aside = read_sentences(data), held_out(data)
    ordinary = ordinary_talk(learned_from, _ORDINARY_LEARNED)
    learned = [one for one in sentences if one.voice not in aside]
    strangers = [one for one in sentences if one.voice in aside]
    head = learn([*learned, *ordinary], encoder)
    save_head(head, model / FEELINGS_FILE)
    feelings = Feelings(head, encoder)
    read = judge(feelings, strangers) if strangers else {}
    quiet = ordinary_talk(judged_on, _ORDINARY_JUDGED)
    alarms = (len(quiet), false_alarms(feelings, quiet))
    size = (model / FEELINGS_FILE).stat().st_size
    told = card(head, learned, strangers, read, size, len(ordinary), alarms)
    (model / CARD_FILE).write_text(told, encoding="utf-8")
    return read


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, write, and say how well."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", type=Path, default=DATA, help="a folder with a file of sentences for each voice")
    asked.add_argument("--model", type=Path, default=MODEL, help="the folder of the encoder, where the head goes")
    given = asked.parse_args(arguments)
    utterances = read_folder(given.data.parent, load_dictionary(_PACKAGE / "dictionary.yaml").intents)
    aside = held_out_voices(given.data.parent, (one.voice for one in utterances), seed=0)
    unheard = aside.validation | aside.test
    learned = [one for one in utterances if one.voice not in unheard]
    judged = [one for one in utterances if one.voice in unheard]
    for name, one in write(given.data, given.model, Encoder.load(given.model), learned, judged).items():
        print(f"{name}: {one}")  # noqa: T201 - a program for the terminal


if __name__ == "__main__":
    main()
