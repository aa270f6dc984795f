"""What feeling words carry: four probabilities and a confidence, from the shipped head on the encoder that reads intents."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.encoder import Encoder
from intents.feelings import FEELINGS, FEELINGS_FILE, NOTHING_SAID, Feeling, Feelings, bare, load_head
from intents.model import load_model
from intents.training import feelings as training
from intents.training.corpus import read_folder
from intents.training.split import held_out_voices
from intents.understand import Reader
from tests.intents.conftest import DICTIONARY, PACKAGE

SHIPPED = PACKAGE / "model"


@pytest.fixture(scope="module")
def feelings(reader: Reader) -> Feelings:
    assert reader.feelings is not None
    return reader.feelings


def likeliest(one: Feeling) -> str:
    return max(FEELINGS, key=lambda name: float(getattr(one, name)))


@pytest.mark.parametrize(
    ("text", "feeling"),
    [
        ("你们再这样拖下去我就投诉了 太不负责任了", "angry"),
        ("老板特别满意 谢谢你们 帮了我们大忙", "happy"),
        ("我们一共要三台 型号跟上次一样", "neutral"),
        ("厂子要关了 跟了二十年的兄弟们都散了 心里难受", "sad"),
        ("this is outrageous, I want to speak to your manager now", "angry"),
        ("thank you so much, the whole team is delighted", "happy"),
        ("could you send me the quote for forty licences", "neutral"),
        ("we have to let everyone go and it breaks my heart", "sad"),
        ("你们这个 support 真的太离谱了 我要 escalate", "angry"),
    ],
)
def test_words_that_carry_a_feeling_are_read_in_both_languages(feelings: Feelings, text: str, feeling: str) -> None:
    (told,) = feelings.of([text])

    assert likeliest(told) == feeling
    if feeling == "neutral":
        assert told.confidence < 0.1
    else:
        assert told.confidence > 0.4


@pytest.mark.parametrize(
    "text",
    [
        "Hi, I'd like to buy a Chromecast, and I was wondering whether you could help me with that.",
        "could you possibly send that over by email",
        "麻烦您帮我查一下这个订单",
        "瀚林的报价只要七十六万，你们为什么这么贵？",
    ],
)
def test_a_polite_request_and_a_calm_objection_are_no_anger(feelings: Feelings, text: str) -> None:
    (told,) = feelings.of([text])
    assert likeliest(told) != "angry" or told.confidence < 0.2


def test_ordinary_business_of_voices_never_learned_from_rarely_speaks_for_anger(feelings: Feelings, reader: Reader) -> None:
    utterances = read_folder(PACKAGE / "data", reader.intents)
    aside = held_out_voices(PACKAGE / "data", (), seed=0)
    ordinary = training.ordinary_talk([one for one in utterances if one.voice in aside.test], 150)

    assert training.false_alarms(feelings, ordinary) < 0.08


@pytest.mark.parametrize("text", ["好的", "嗯", "okay", "yes", "喂 你好", "ok.", "是的是的"])
def test_words_that_say_nothing_leave_it_to_the_voice(feelings: Feelings, text: str) -> None:
    assert feelings.of([text])[0].confidence < 0.1


@pytest.mark.parametrize(
    "text",
    [
        "设备报故障代码E07",
        "the error log says fatal exception, kill the process",
        "我没有生气 只是问一下进度",
        "not angry, just asking when it ships",
        "客诉流程的文件在哪里下载",
    ],
)
def test_bad_words_of_the_trade_and_denials_are_no_anger(feelings: Feelings, text: str) -> None:
    assert likeliest(feelings.of([text])[0]) == "neutral"


@pytest.mark.parametrize(
    "text",
    [
        "Der Lappen liegt auf dem Eisschrank.",
        "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
        "私は怒っています",
        "Je suis vraiment furieux contre vous",
    ],
)
def test_a_language_that_it_never_met_is_not_believed(feelings: Feelings, text: str) -> None:
    assert feelings.of([text])[0].confidence < 0.05


@pytest.mark.parametrize("text", ["", "  ", "…", "123", "🙏🙏", "\ud800"])
def test_where_no_word_is_said_nothing_is_known(feelings: Feelings, text: str) -> None:
    assert feelings.of([text]) == [NOTHING_SAID]


def test_punctuation_and_case_change_nothing(feelings: Feelings) -> None:
    plain, set_out, shouted = feelings.of(["你们太过分了", "你们太过分了！", "“你们太过分了。”"])
    assert plain == set_out == shouted
    one, other = feelings.of(["This is not acceptable!", "this is not acceptable"])
    assert one == other
    assert bare("I can't — really?!") == "i can't really"


@given(st.lists(st.text(max_size=40), max_size=3))
def test_any_text_has_a_feeling_for_each_and_they_sum_to_one(texts: list[str]) -> None:
    feelings = _shipped()

    told = feelings.of(texts)

    assert len(told) == len(texts)
    for one in told:
        assert sum(getattr(one, name) for name in FEELINGS) == pytest.approx(1)
        assert min(getattr(one, name) for name in FEELINGS) >= 0
        assert 0 <= one.confidence <= 1


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_sentence_reads_the_same_in_any_company(text: str, other: str) -> None:
    feelings = _shipped()

    assert feelings.of([text, other])[0] == feelings.of([other, text])[1] == feelings.of([text])[0]


def test_a_long_sentence_is_read_too(feelings: Feelings) -> None:
    (told,) = feelings.of(["我真的很生气 " * 2000])
    assert likeliest(told) == "angry"


def test_the_encoder_that_reads_intents_reads_feelings_and_is_not_loaded_again() -> None:
    encoder = Encoder.load(SHIPPED)
    feelings = Feelings.load(SHIPPED, encoder)
    assert feelings is not None
    before = encoder.read.cache_info().misses

    feelings.of(["这是第一次读到的一句话"])

    assert encoder.read.cache_info().misses == before + 1


def test_another_encoder_has_no_feelings_and_still_reads_intents(tmp_path: Path) -> None:
    without = tmp_path / "without"
    shutil.copytree(SHIPPED, without)
    (without / FEELINGS_FILE).unlink()
    other = tmp_path / "other"
    shutil.copytree(SHIPPED, other)
    with (other / "encoder.onnx").open("ab") as file:
        file.write(b"\x1a\x00")  # an empty field that is skipped: the same network, another file

    for folder in (without, other):
        reader = Reader.load(folder, DICTIONARY)
        assert reader.feelings is None
        assert reader.labels


def test_a_broken_head_is_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    content = (folder / FEELINGS_FILE).read_bytes()
    for broken in (b"no zip", content[: len(content) // 2], b""):
        (folder / FEELINGS_FILE).write_bytes(broken)
        with pytest.raises(ValueError, match="no intent model can be loaded from here"):
            load_model(folder)


def test_the_head_is_small() -> None:
    assert (SHIPPED / FEELINGS_FILE).stat().st_size < 60_000
    head = load_head(SHIPPED / FEELINGS_FILE)
    assert head.digest == Encoder.load(SHIPPED).digest


def test_held_out_voices_are_read_as_well_as_the_card_says(feelings: Feelings) -> None:
    aside = training.held_out(training.DATA)
    strangers = [one for one in training.read_sentences(training.DATA) if one.voice in aside]
    assert {one.voice for one in strangers} == aside
    few = strangers[::3]

    read = training.judge(feelings, few)

    assert len(few) > 120
    assert read["all"].four > 0.76
    for lang in ("zh", "en"):
        assert read[lang].four > 0.7
        assert read[lang].anger > 0.7
    assert read["all"].calibration < 0.12


def test_where_it_is_confident_it_is_right_more_often(feelings: Feelings) -> None:
    aside = training.held_out(training.DATA)
    strangers = [one for one in training.read_sentences(training.DATA) if one.voice in aside][::3]
    told = feelings.of([one.text for one in strangers])
    right = np.array([likeliest(one) == sentence.feeling for one, sentence in zip(told, strangers, strict=True)])
    carried = np.array([one.confidence for one in told])
    emotional = np.array([likeliest(one) != "neutral" for one in told])

    assert right[carried > 0.7].mean() > right[emotional & (carried <= 0.7)].mean()
    assert right[carried > 0.7].mean() > 0.85


def _shipped(held: dict[str, Feelings] = {}) -> Feelings:  # noqa: B006 - loaded once for all examples
    if not held:
        found = Feelings.load(SHIPPED)
        assert found is not None
        held["shipped"] = found
    return held["shipped"]
