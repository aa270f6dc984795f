"""How the figures of the model are measured, on corpora so small and plain that the right figure is known."""

import csv
from pathlib import Path

import numpy as np
import pytest

from bench import emotion
from bench.table import Figure
from tests.voice.listeners import CALM, Listener
from tests.voice.tones import buzz, silence, syllables, written
from voice.decode import decode
from voice.features import NAMES
from voice.hearings import HEARINGS
from voice.training.corpus import LINES, PLAIN, read_corpus
from voice.training.lines import Line, drawn, over
from voice.training.mixed_calls import calm_in_calls
from voice.training.scoring import area, recall, score

PITCHES = {"angry": (230, 250), "happy": (200, 260), "neutral": (120, 110), "sad": (95, 90), "fear": (210, 215)}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two speakers, each emotion twice: tones, a speaker's all a third higher than the other's."""
    folder = tmp_path / "audio" / emotion.UNHEARD
    folder.mkdir(parents=True)
    rows = []
    for who, raised in (("low", 1.0), ("high", 1.25)):
        for name, glide in PITCHES.items():
            for number in range(2):
                file = f"{who}_{name}_{number}.wav"
                written(syllables(np.array(glide) * raised, 1.6, pace=3 + number), folder / file)
                rows.append({"path": file, "speaker": who, "emotion": name})
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ["path", "speaker", "emotion"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "audio"


def test_the_benchmark_runs_over_a_corpus_and_tells_coverage_beside_recall(corpus: Path) -> None:
    learned, unheard, words, together = emotion.measure(corpus)

    for result in (learned, unheard):
        told = {figure.what: figure for figure in result.figures}
        for name in ("alone", "within a call"):
            for line in (PLAIN, *LINES):
                for what in ("angry against the rest, UAR", "four classes, UAR", "coverage (answered, not uncertain)"):
                    assert 0 <= told[f"{name}, {line}: {what}"].value <= 1
    floor = next(figure for figure in unheard.figures if figure.what == f"alone, {PLAIN}: four classes, UAR")
    assert (floor.against, floor.aim) == (0.46, "≥ 0.52")
    assert any(figure.what.startswith("zh (") and figure.value > 0.7 for figure in words.figures)
    told = {figure.what: figure.value for figure in together.figures}
    alone, helped, plain = (
        told[f"RAVDESS, {name}: four classes, UAR"]
        for name in ("voice alone", "with words that say the same", "with words of plain fact")
    )
    assert helped >= alone
    assert abs(plain - alone) <= 0.25


def test_without_the_corpus_the_benchmark_says_so(tmp_path: Path) -> None:
    _, unheard, _, together = emotion.measure(tmp_path)

    assert unheard.figures == []
    assert unheard.notes[0].startswith("not run")
    assert together.figures == []


def test_the_shipped_models_figures_reach_what_was_asked() -> None:
    learned, *_ = emotion.measure(Path("nowhere"))
    told: dict[str, Figure] = {figure.what: figure for figure in learned.figures}

    for what, least in (("angry against the rest, UAR", 0.88), ("four classes, UAR", 0.82)):
        assert told[f"alone, {PLAIN}: {what}"].value >= least
        for line in LINES:
            for name in ("alone", "within a call"):
                assert told[f"{name}, {line}: {what}"].value >= told[f"{name}, {PLAIN}: {what}"].value - 0.05


def test_anger_is_called_by_a_threshold_of_its_own_where_the_callers_calm_is_known(corpus: Path) -> None:
    read = read_corpus(corpus / emotion.UNHEARD, lambda path: decode(path).mono)
    says = [(0.3 if name == "angry" else 0.1, 0.6, 0.05, 0.05) for name in read.emotion]

    found = emotion.judged(read, Listener(says=says, angry_from=0.4, angry_from_calm=0.25))

    assert found["alone", PLAIN].anger == 0.5
    assert found["within a call", PLAIN].anger == 1


def test_a_clip_is_read_as_often_as_it_is_heard(corpus: Path) -> None:
    read = read_corpus(corpus / emotion.UNHEARD, lambda path: decode(path).mono)
    listener = Listener(says=[CALM] * len(read.emotion), hears_again=True)

    emotion.judged(read, listener)

    assert read.hearings[PLAIN].shape == (len(read.emotion), HEARINGS, len(NAMES))
    assert np.array_equal(read.features[PLAIN], read.hearings[PLAIN][:, 0])
    assert {row.shape for row in listener.rows} == {(HEARINGS, len(NAMES))}


def test_a_corpus_is_read_once_and_anew_when_it_has_grown(corpus: Path, tmp_path: Path) -> None:
    read: list[Path] = []

    def reading(path: Path) -> np.ndarray:
        read.append(path)
        return decode(path).mono

    folder, kept = corpus / emotion.UNHEARD, tmp_path / "kept.npz"
    first = read_corpus(folder, reading, kept, variants=1, clips=3)
    again = read_corpus(folder, reading, kept, variants=1, clips=3)
    more = read_corpus(folder, reading, kept, variants=1, clips=4)

    assert len(read) == 3 + 4
    assert np.array_equal(first.features[PLAIN], again.features[PLAIN])
    assert more.varied.shape == (1, 4, len(NAMES))
    with pytest.raises(ValueError, match=r"no manifest\.csv"):
        read_corpus(tmp_path, reading)


def test_a_speakers_calm_is_found_among_their_own_clips_only(corpus: Path) -> None:
    read = read_corpus(corpus / emotion.UNHEARD, lambda path: decode(path).mono)
    rows = read.features[PLAIN]
    arousal = rows[:, NAMES.index("voiced_pitch_mean")]

    calm = calm_in_calls(read, rows, arousal, np.random.default_rng(1))

    pitch = NAMES.index("voiced_pitch_mean")
    low, high = (calm[read.speaker == who, pitch] for who in ("low", "high"))
    own = rows[read.speaker == "high", pitch]
    assert high.mean() - low.mean() > 2
    assert high.min() >= own.min() - 1e-3
    assert high.mean() < own.mean()


def test_recall_counts_each_class_the_same() -> None:
    truth = np.array([0] * 8 + [1] * 2)

    assert recall(truth, np.zeros(10, int)) == 0.5
    assert recall(truth, truth) == 1
    assert area(truth == 1, np.arange(10, dtype=np.float32)) == 1
    assert area(truth == 1, np.zeros(10, np.float32)) == 0.5


def test_other_emotions_count_against_anger_and_in_no_class() -> None:
    emotions = np.array(["angry", "fear", "neutral", "sad", "happy"])
    told = np.array(
        [[0.9, 0.1, 0, 0], [0.8, 0.1, 0.1, 0], [0, 0, 0.9, 0.1], [0.1, 0, 0.3, 0.6], [0.4, 0.3, 0.2, 0.1]], np.float32
    )

    found = score(emotions, told, sure_from=0.5, angry_from=0.5)

    assert found.anger == pytest.approx((1 + 3 / 4) / 2)
    assert found.four == pytest.approx(3 / 4)
    assert found.coverage == pytest.approx(4 / 5)
    assert found.four_answered == 1


def test_a_telephone_lets_nothing_through_beyond_its_band() -> None:
    moments = np.arange(32_000) / 16_000
    both = (0.3 * np.sin(2 * np.pi * 1000 * moments) + 0.3 * np.sin(2 * np.pi * 6000 * moments)).astype(np.float32)

    heard = over(Line(is_telephone=True), both, np.random.default_rng(1))

    power = np.abs(np.fft.rfft(heard)) ** 2
    hertz = np.fft.rfftfreq(len(heard), 1 / 16_000)
    assert power[hertz > 4100].sum() < 1e-3 * power[np.abs(hertz - 1000) < 20].sum()


@pytest.mark.parametrize(("pace", "pitch"), [(1.2, 0.0), (1.0, 3.0), (0.85, -2.0)])
def test_pace_and_pitch_are_changed_apart(pace: float, pitch: float) -> None:
    from voice.features import tracks

    heard = over(Line(pace=pace, pitch=pitch), syllables(150, 4), np.random.default_rng(1))

    found = tracks(heard).pitch
    assert len(heard) / 16_000 == pytest.approx(4 / pace, abs=0.25)
    assert np.median(found[found > 0]) == pytest.approx(150 * 2 ** (pitch / 12), rel=0.02)


def test_noise_is_as_far_below_the_speech_as_said_and_lines_are_drawn_the_same_again() -> None:
    said = np.concatenate([silence(1), buzz(150, 4)])
    quiet, noisy = (over(Line(noise=noise), said, np.random.default_rng(1)) for noise in (30.0, 10.0))

    for heard, below in ((quiet, 30), (noisy, 10)):
        pause, speech = heard[:15_000].std(), heard[20_000:].std()
        assert 10 * np.log10((speech**2 - pause**2) / pause**2) == pytest.approx(below, abs=1)
    assert drawn(np.random.default_rng([3, 1])) == drawn(np.random.default_rng([3, 1]))
    assert drawn(np.random.default_rng([3, 1])) != drawn(np.random.default_rng([3, 2]))
