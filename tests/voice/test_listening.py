"""A whole recording becomes a transcript, piece by piece: with a preview, resumed, cancelled, on one channel or two."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.voice.encoding import FIXTURES, RATE, encoded, fixture, tones, truth, wav
from tests.voice.parrot import Parrot, stereo_call
from voice.cannot_hear import CannotHear
from voice.listen import Step, Wishes, listen
from voice.profile import LARGE
from voice.transcribe import Heard
from voice.transcript import Piece, Transcript, as_data, piece_of, transcript_of


def last(steps: Sequence[Step]) -> Transcript:
    transcript = steps[-1].transcript
    assert transcript is not None
    return transcript


@pytest.mark.parametrize("name", ["call_zh", "call_en"])
def test_a_call_is_written_down_with_speakers_and_times(name: str) -> None:
    lines = truth(name)
    transcript = last(list(listen(FIXTURES / f"{name}.ogg", Parrot([line["text"] for line in lines]))))
    assert [turn.text for turn in transcript.turns] == [line["text"] for line in lines]
    assert [turn.speaker for turn in transcript.turns] == ["AB"[line["voice"]] for line in lines]
    for turn, line in zip(transcript.turns, lines, strict=True):
        assert (turn.start, turn.end) == pytest.approx((line["start"], line["end"]), abs=0.3)
        assert turn.speaker_is_estimated
    assert (transcript.model, transcript.notice, transcript.two_channels) == ("parrot", "synthetic_only", False)
    assert transcript.customer == "B" and 0.5 < transcript.customer_certainty < 1
    assert sum(span.seconds for span in transcript.speech) < transcript.duration


def test_stages_follow_one_another_and_their_shares_grow() -> None:
    steps = list(listen(FIXTURES / "call_zh.ogg", Parrot()))
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == ["decoding", "speech", "speakers", "transcribing", "done"]
    for stage in stages:
        shares = [step.share for step in steps if step.stage == stage]
        assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    partial = [turn for step in steps if step.stage == "transcribing" for turn in step.turns]
    assert len(partial) == 8 and all(turn.speaker for turn in partial)


def test_two_channels_are_two_people_for_sure() -> None:
    lines = truth("call_zh")
    transcript = last(list(listen(stereo_call(), Parrot([line["text"] for line in lines]), Wishes(customer_channel=0))))
    assert transcript.two_channels
    assert [turn.speaker for turn in transcript.turns] == ["AB"[line["voice"]] for line in lines]
    assert all(turn.speaker_certainty == 1 and not turn.speaker_is_estimated for turn in transcript.turns)
    assert (transcript.customer, transcript.customer_certainty) == ("A", 1.0), "as the source is set"


def test_a_model_that_can_take_it_hears_several_stretches_at_once() -> None:
    packing, single = Parrot(profile=LARGE), Parrot()
    for parrot in (packing, single):
        list(listen(FIXTURES / "call_zh.ogg", parrot))
    assert len(single.clips) == 8 and len(packing.clips) == 2
    assert max(packing.clips) <= 28


def test_names_language_and_characters_are_passed_on() -> None:
    parrot = Parrot(["我們後面"], replace(LARGE, packing=False))
    wishes = Wishes(lang="zh", bias=("华康", "王总"), script="simplified")
    transcript = last(list(listen(FIXTURES / "alone_zh.ogg", parrot, wishes)))
    assert parrot.asked[:2] == [((), "", "zh"), (("华康", "王总"), "", "zh")]
    assert parrot.asked[2][:2] == (("华康", "王总"), "我們後面")
    assert transcript.turns[0].text.startswith("我们后面")
    kept = last(list(listen(FIXTURES / "alone_zh.ogg", Parrot(["我們後面"]), replace(wishes, script=None))))
    assert kept.turns[0].text.startswith("我們後面")


class LedAstray(Parrot):
    """Repeats one character without end as long as it is given names."""

    def hear(
        self, samples: NDArray[np.float32], bias: Sequence[str] = (), before: str = "", lang: str | None = None
    ) -> list[Heard]:
        heard = super().hear(samples, bias, before, lang)
        return [replace(one, text="音" * 200, words=()) for one in heard] if bias else heard


def test_a_model_that_names_lead_astray_is_asked_without_them() -> None:
    parrot = LedAstray(["我要三台"], LARGE)
    transcript = last(list(listen(FIXTURES / "alone_zh.ogg", parrot, Wishes(bias=("华康", "王总")))))
    assert "音" not in "".join(turn.text for turn in transcript.turns)
    assert transcript.turns[0].text.startswith("我要三台")
    assert parrot.asked[1][0] == ("华康", "王总"), "and it was given them"


@pytest.mark.parametrize(("line", "given"), [("我要三台", {"华康", "Dr. Wu"}), ("I want three of them", {"Dr. Wu"})])
def test_names_of_another_script_are_not_given(line: str, given: set[str]) -> None:
    parrot = Parrot([line], replace(LARGE, packing=False))
    list(listen(FIXTURES / "alone_zh.ogg", parrot, Wishes(bias=("华康", "Dr. Wu"))))
    assert parrot.asked[0][0] == (), "what is spoken is not known yet"
    assert {name for bias, _, _ in parrot.asked for name in bias} == given


def test_a_model_that_takes_no_names_is_given_none() -> None:
    strict, taking = Parrot(["您好"], replace(LARGE, hotwords=False)), Parrot(["您好"], LARGE)
    for parrot in (strict, taking):
        list(listen(long_call(), parrot, Wishes(bias=("华康", "王总"))))
    assert {bias for bias, _, _ in strict.asked} == {()}
    assert {bias for bias, _, _ in taking.asked} == {(), ("华康", "王总")}, "none at the beginning of a piece"


def long_call(times: int = 4) -> io.BytesIO:
    return wav(np.tile(fixture("call_en.ogg"), times)[None])


def test_the_first_words_of_a_long_recording_come_before_all_of_it_is_decoded() -> None:
    steps = list(listen(long_call(), Parrot()))
    previews = [at for at, step in enumerate(steps) if step.is_preview]
    decoded = max(at for at, step in enumerate(steps) if step.stage == "decoding" and not step.is_preview)
    assert previews and previews[0] < decoded
    assert len(last(steps).turns) == 4 * 8, "what was shown before is not there twice"


def test_a_recording_is_taken_up_again_after_the_last_piece_that_was_kept() -> None:
    wishes = Wishes(piece_seconds=40)
    first = Parrot()
    steps = list(listen(long_call(), first, wishes))
    pieces = [step.piece for step in steps if step.piece is not None]
    assert len(pieces) >= 3 and all(piece.span.seconds <= 40 for piece in pieces)
    stored = [piece_of(json.loads(json.dumps(as_data(piece)))) for piece in pieces[:2]]
    assert stored == pieces[:2]
    again = Parrot()
    resumed = list(listen(long_call(), again, wishes, done=stored))
    assert last(resumed) == last(steps)
    assert 0 < len(again.clips) < len(first.clips)


def test_pieces_of_another_model_or_another_cut_are_heard_anew() -> None:
    wishes = Wishes(piece_seconds=40)
    parrot = Parrot()
    pieces = [step.piece for step in listen(long_call(), parrot, wishes) if step.piece is not None]
    preview = 3
    for done in (
        [replace(piece, model="another") for piece in pieces],
        [replace(piece, span=replace(piece.span, end=piece.span.end + 1)) for piece in pieces],
    ):
        again = Parrot()
        list(listen(long_call(), again, wishes, done=done))
        assert len(again.clips) == len(parrot.clips) - preview


def test_it_stops_when_it_is_told_to() -> None:
    for stop_after in (0, 3, 9, 14):
        asked: list[int] = []

        def is_cancelled(asked: list[int] = asked, limit: int = stop_after) -> bool:
            asked.append(1)
            return len(asked) > limit

        steps = list(listen(long_call(), Parrot(), is_cancelled=is_cancelled))
        assert all(step.transcript is None for step in steps)
        assert len(asked) == stop_after + 1


def test_whoever_stops_asking_leaves_nothing_open(tmp_path: Path) -> None:
    steps = listen(long_call(), Parrot(), folder=tmp_path)
    for _ in range(3):
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("samples", [np.zeros((1, 5 * RATE), np.float32), tones(440.0, seconds=5.0) * np.float32(0.1)])
def test_nothing_is_invented_where_nobody_speaks(samples: NDArray[np.float32]) -> None:
    parrot = Parrot(["谢谢观看"])
    transcript = last(list(listen(wav(samples), parrot)))
    assert (transcript.turns, transcript.speech, transcript.customer) == ((), (), None)
    assert parrot.clips == [] and transcript.text == "" and transcript.duration == pytest.approx(5)


def test_a_recording_that_breaks_off_says_so_on_the_transcript() -> None:
    whole = encoded("mp3", "libmp3lame", 16_000, fixture("call_en.ogg")[None])
    assert not last(list(listen(io.BytesIO(whole), Parrot()))).is_cut_short
    assert last(list(listen(io.BytesIO(whole[: len(whole) // 2]), Parrot()))).is_cut_short


def test_what_cannot_be_heard_is_raised_by_the_first_step() -> None:
    with pytest.raises(CannotHear) as refused:
        next(listen(io.BytesIO(b""), Parrot()))
    assert refused.value.reason == "empty"


def test_a_transcript_is_stored_and_read_back() -> None:
    transcript = last(list(listen(FIXTURES / "call_zh.ogg", Parrot())))
    assert transcript_of(json.loads(json.dumps(as_data(transcript)))) == transcript
    assert isinstance(Piece(0, transcript.speech[0], "parrot").turns, tuple)
