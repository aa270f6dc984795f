"""How listening is measured against openai-whisper, and on people: on little that the right figure is known for."""

import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ctranslate2.specs import WhisperSpec

from bench import against_whisper, people
from bench.against_whisper import Measured, error, figures_of
from bench.whisper_weights import weights
from tests.voice.random_whisper import HEADS, WIDTH, make_random_whisper
from voice.profile import SHIPPED
from voice.transcript import Span, Transcript, Turn

FIXTURES = Path(__file__).parent / "fixtures"


def test_weights_are_read_back_by_the_names_that_openai_whisper_has_for_them(tmp_path: Path) -> None:
    found, encoder_heads, decoder_heads = weights(make_random_whisper(tmp_path / "noise") / "model.bin")

    assert (encoder_heads, decoder_heads) == (HEADS, HEADS)
    assert found["encoder.conv1.weight"].shape == (WIDTH, 80, 3)
    assert found["decoder.positional_embedding"].shape == (448, WIDTH)
    for part in ("query.weight", "query.bias", "key.weight", "value.weight", "value.bias", "out.weight", "out.bias"):
        for place in ("encoder.blocks.0.attn", "decoder.blocks.0.attn", "decoder.blocks.0.cross_attn"):
            assert found[f"{place}.{part}"].shape[0] == WIDTH
    assert not any("key.bias" in name or "projection" in name for name in found)
    assert np.all(found["encoder.ln_post.weight"] == 1)


def test_what_is_kept_in_eight_bits_is_multiplied_out_again(tmp_path: Path) -> None:
    exact = make_random_whisper(tmp_path / "noise")
    small = tmp_path / "small.bin"
    spec = _as_kept(exact)
    spec.optimize(quantization="int8")
    spec._serialize(str(small))

    whole, rounded = (weights(path)[0] for path in (exact / "model.bin", small))

    assert whole.keys() == rounded.keys()
    for name, value in whole.items():
        step = np.abs(value).max() / 127
        assert np.abs(value - rounded[name]).max() <= step, name


def _as_kept(folder: Path) -> WhisperSpec:
    """The specification of the random model again, from which CTranslate2's own writer makes a smaller file."""
    from tests.voice.random_whisper import _fill

    spec = WhisperSpec(1, HEADS, 1, HEADS)
    _fill(spec, len(weights(folder / "model.bin")[0]["decoder.token_embedding.weight"]), np.random.default_rng(0))
    spec.register_vocabulary([str(number) for number in range(spec.decoder.embeddings.weight.shape[0])])
    spec.validate()
    return spec


def test_another_file_is_no_whisper(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\x05\0\0\0\x04\0Bar\0" + b"\0" * 40)
    with pytest.raises(ValueError, match="Bar"):
        weights(tmp_path / "model.bin")


@pytest.mark.parametrize(
    ("lang", "said", "written", "wrong"),
    [
        ("en", "Ask not what your country can do.", "ask not what your country can do", 0.0),
        ("en", "it's here", "its there", 50.0),
        ("en", "one two three four", "one two three", 25.0),
        ("en", "one", "one two three", 200.0),
        ("zh", "请把报价发给我。", "请把报价 发给我", 0.0),
        ("zh", "请把报价发给我", "請把報價發給我", 0.0),
        ("zh", "请把报价发", "请把价发了", 40.0),
    ],
)
def test_error_counts_words_in_english_and_characters_in_chinese(lang: str, said: str, written: str, wrong: float) -> None:
    assert error(lang, [(said, written)]) == pytest.approx(wrong)


def test_the_ratio_is_of_medians_and_the_error_stands_beside_theirs() -> None:
    told = figures_of(
        Measured(
            "greedy", 10.0, [2.0, 9.0, 1.0], [8.0, 6.0, 7.0], ["a b", "我"], ["a c", "你"], ["a b", "我"], ["en", "zh"]
        ),
        threads=1,
    )
    by_name = {one.what: one for one in told}

    assert by_name["greedy, 1 thread, time"].value == 0.2
    assert by_name["greedy, 1 thread, time"].against == 0.7
    assert by_name["greedy, 1 thread, times faster"].value == pytest.approx(3.5)
    assert by_name["greedy, 1 thread, wrong in en"].value == 0
    assert by_name["greedy, 1 thread, wrong in en"].against == 50
    assert by_name["greedy, 1 thread, wrong in zh"].against == 100


def test_a_second_listening_has_nothing_beside_it() -> None:
    told = figures_of(Measured("twice", 10.0, [2.0], [], ["a"], [], ["a"], ["en"]), threads=1)
    assert {one.against for one in told} == {None}


@pytest.mark.skipif(find_spec("whisper") is not None, reason="openai-whisper is installed, and would be measured")
def test_without_openai_whisper_the_benchmark_says_how_to_get_it(tmp_path: Path) -> None:
    result = against_whisper.measure(tmp_path)
    assert result.figures == []
    assert result.notes == [against_whisper.GET_IT]
    assert "pip install openai-whisper" in against_whisper.GET_IT


def test_without_recordings_of_people_the_benchmark_says_so(tmp_path: Path) -> None:
    result = people.measure(tmp_path)
    assert result.figures == []
    assert result.notes[0].startswith("not run")


def test_recordings_go_the_whole_way_and_the_notice_is_counted(tmp_path: Path) -> None:
    rows = [("alone_en.ogg", "en", "hello"), ("alone_zh.ogg", "zh", "你好"), ("broken.ogg", "en", "never heard")]
    for name, _, _ in rows[:2]:
        (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())
    (tmp_path / "broken.ogg").write_bytes(b"no recording")
    with (tmp_path / "manifest.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerows([("path", "language", "text"), *rows])

    told = {one.what: one for one in people.measure(tmp_path, SHIPPED).figures}

    opened = told["recordings that were opened"]
    assert (opened.value, opened.against) == (2, 3)
    assert told["with speech found in them"].value == 2
    assert 10 < told["speech found, of their length"].value <= 100
    assert told["transcripts that say: synthetic speech only"].value == 2


def test_a_model_without_a_notice_is_not_warned_of() -> None:
    turn = Turn(0, 1, "hello there", (), "en", "A", 1.0, False, 0.9)
    transcript = Transcript((turn,), "small", None, 4.0, (Span(0, 1),), False)

    figures, notes = people.figures_of([people.Told("en", "hello there", transcript)])

    told = {one.what: one.value for one in figures}
    assert told["transcripts that say: synthetic speech only"] == 0
    assert told["speech found, of their length"] == 25
    assert told["wrong in en, 1 recordings"] == 0
    assert len(notes) == 1
