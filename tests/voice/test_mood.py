"""The customer's mood over a call: who is judged and who never is, calm as their own measure, words, curve, peaks."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.voice.listeners import Listener
from tests.voice.tones import Call, buzz, silence, syllables
from voice.emotions import Scores, arousal_of, calm_of
from voice.features import NAMES, RATE, Floats
from voice.mood import (
    UNCERTAIN,
    Mood,
    Words,
    customer_speech,
    mood,
    overall,
    recording_of_a_customer,
)
from voice.speakers import Stretch
from voice.transcript import Span

STAFF, CUSTOMER = 330.0, 120.0
"""Pitch in hertz by which the tests recognise whose sound it is."""


@dataclass(frozen=True)
class Turn:
    start: float
    end: float
    speaker: str


def call(*turns: Turn) -> Floats:
    """A call in which each turn is a buzz at the pitch of its speaker; those who speak at once are both heard."""
    sound = silence(max(turn.end for turn in turns) + 1)
    for turn in turns:
        first = int(turn.start * RATE)
        said = buzz(CUSTOMER if turn.speaker == "B" else STAFF, turn.end - turn.start)
        sound[first : first + len(said)] += said
    return sound


TURNS = (Turn(0, 3, "A"), Turn(3, 6, "B"), Turn(6, 10, "A"), Turn(10, 13, "B"), Turn(13, 30, "A"), Turn(30, 34, "B"))


def test_only_the_customers_sound_reaches_the_model() -> None:
    listener = Listener()

    heard = mood(customer_speech(Call(call(*TURNS)), TURNS, "B"), listener)

    assert len(heard.felt) == 3
    assert listener.pitches() == pytest.approx([CUSTOMER] * len(listener.pitches()), rel=0.02)
    assert len(listener.pitches()) >= 3


def test_only_the_customers_sound_reaches_a_model_of_waveforms() -> None:
    listener = Listener(inputs=("waveform",))

    mood(customer_speech(Call(call(*TURNS)), TURNS, "B"), listener)

    assert listener.pitches() == pytest.approx([CUSTOMER] * 3, rel=0.02)


def test_nobody_is_judged_while_it_is_not_known_who_the_customer_is() -> None:
    listener = Listener()

    heard = mood(customer_speech(Call(call(*TURNS)), TURNS, None), listener)

    assert heard == Mood((), (), knows_calm=False, coverage=0.0, model="listener")
    assert listener.rows == []


def test_nobody_is_judged_where_the_customer_says_nothing() -> None:
    listener = Listener()

    assert mood(customer_speech(Call(call(*TURNS)), TURNS, "C"), listener).felt == ()
    assert listener.rows == []


def test_what_is_said_while_staff_speak_too_is_left_out() -> None:
    turns = (Turn(0, 4, "B"), Turn(3, 8, "A"), Turn(7, 11, "B"), Turn(12, 13, "B"), Turn(11.5, 14, "A"))

    speech = customer_speech(Call(call(*turns)), turns, "B")

    assert [(piece.start, piece.end) for piece in speech.pieces] == [(0, 3), (8, 11)]
    listener = Listener()
    mood(speech, listener)
    assert listener.pitches() == pytest.approx([CUSTOMER, CUSTOMER], rel=0.02)


def two_channels(*turns: Turn, leaks: float = 0.05) -> Call:
    """A call with staff on the left and the customer on the right, who each hear a little of the other."""
    end = Turn(max(turn.end for turn in turns), max(turn.end for turn in turns), "A")
    staff, customer = (call(*(turn for turn in turns if turn.speaker == who), end) for who in ("A", "B"))
    leak = np.float32(leaks)
    return Call(np.stack([staff + leak * customer, customer + leak * staff]))


def test_of_two_channels_the_customers_own_is_heard_and_no_other() -> None:
    turns = (*TURNS, Turn(31, 33, "A"))
    listener = Listener()

    speech = customer_speech(two_channels(*turns, leaks=0), turns, "B")

    assert [(piece.start, piece.end) for piece in speech.pieces] == [(3, 6), (10, 13), (30, 34)], "all of each turn"
    mood(speech, listener)
    assert listener.pitches() == pytest.approx([CUSTOMER] * len(listener.pitches()), rel=0.02)


def test_what_the_customers_channel_hears_of_staff_is_left_out_of_a_turn_that_is_too_long() -> None:
    said = (Turn(0, 3, "A"), Turn(3.6, 7, "B"), Turn(7, 9, "A"))
    listener = Listener()

    speech = customer_speech(two_channels(*said), [Turn(0, 9, "B"), Turn(0, 3, "A")], "B")

    assert [(piece.start, piece.end) for piece in speech.pieces] == [pytest.approx((3, 7), abs=0.01)]
    mood(speech, listener)
    assert listener.pitches() == pytest.approx([CUSTOMER], rel=0.02)


def test_who_has_no_channel_of_their_own_is_not_judged_on_two() -> None:
    listener = Listener()

    mood(customer_speech(Call(np.stack([call(*TURNS)] * 2)), (Turn(0, 9, "C"), *TURNS), "C"), listener)

    assert listener.rows == []


def stretch(start: float, end: float, speaker: str) -> Stretch:
    return Stretch(Span(start, end), 0, speaker, 0.8, is_estimated=True)


@pytest.mark.parametrize(("customers", "others"), [("B", "A"), ("A", "B")], ids=["as told apart", "put right by hand"])
def test_a_voice_in_the_midst_of_a_turn_that_left_no_words_is_left_out(customers: str, others: str) -> None:
    sound = call(Turn(0, 4, "B"), Turn(4, 5, "A"), Turn(5, 9, "B"))
    voices = [stretch(0, 4, customers), stretch(4, 5, others), stretch(5, 9, customers)]
    listener = Listener()

    speech = customer_speech(Call(sound), [Turn(0, 9, "B")], "B", voices)

    assert [(piece.start, piece.end) for piece in speech.pieces] == [(0, 4), (5, 9)]
    mood(speech, listener)
    assert listener.pitches() == pytest.approx([CUSTOMER, CUSTOMER], rel=0.02)


def test_a_call_is_read_a_segment_at_a_time_and_only_where_the_customer_speaks() -> None:
    played = Call(np.concatenate([syllables(120, 60), syllables(300, 60)]))

    mood(customer_speech(played, [Turn(0, 60, "B"), Turn(60, 120, "A")], "B"), Listener())

    assert max(span.seconds for span in played.read) <= 8
    assert max(span.end for span in played.read) <= 60


@pytest.mark.parametrize("anything", [TURNS, call(*TURNS), None, [Turn(0, 3, "B")]], ids=["turns", "sound", "none", "list"])
def test_anything_but_a_customers_speech_is_refused(anything: object) -> None:
    for judged in (mood, overall):
        with pytest.raises(TypeError, match="only a customer's speech"):
            judged(anything, Listener())  # type: ignore[operator]


def test_long_turns_are_cut_and_scraps_and_silence_are_not_judged() -> None:
    sound = np.concatenate([syllables(120, 21), silence(5), syllables(120, 0.4)])
    turns = (Turn(0, 21, "B"), Turn(21, 26, "B"), Turn(26, 26.4, "B"))

    pieces = customer_speech(Call(sound), turns, "B").pieces

    assert pieces[0].start == 0
    assert pieces[-1].end == 21
    assert {round(piece.seconds, 1) for piece in pieces} == {3.5}


def test_a_turn_that_ends_after_the_recording_is_cut_at_its_end() -> None:
    pieces = customer_speech(Call(syllables(120, 5)), [Turn(2, 90, "B")], "B").pieces

    assert [(piece.start, piece.end) for piece in pieces] == [(2, 5)]


def test_calm_is_the_calmer_half_of_what_a_caller_says() -> None:
    features = np.repeat(np.arange(6, dtype=np.float32)[:, None], len(NAMES), axis=1)
    arousal = np.array([0.9, 0.8, 0.2, 0.1, 0.3, 0.7], np.float32)

    calm = calm_of(features, arousal, np.full(6, 3, np.float32))

    assert calm is not None
    assert calm[0] == 3


@pytest.mark.parametrize(("segments", "seconds"), [(3, 5.0), (5, 1.0), (0, 1.0)])
def test_too_little_speech_tells_nothing_of_how_a_caller_sounds_when_calm(segments: int, seconds: float) -> None:
    features = np.zeros((segments, len(NAMES)), np.float32)

    assert calm_of(features, np.zeros(segments, np.float32), np.full(segments, seconds, np.float32)) is None


def test_with_enough_speech_the_caller_is_measured_against_their_own_calm() -> None:
    few = recording_of_a_customer(Call(syllables(120, 6)))
    many = recording_of_a_customer(Call(syllables(120, 40)))

    assert not mood(few, Listener()).knows_calm
    listener = Listener()
    assert mood(many, listener).knows_calm
    assert listener.calm is not None
    assert listener.calm[NAMES.index("voiced_pitch_mean")] == pytest.approx(12 * np.log2(1.2), abs=0.2)


def test_an_answer_that_is_not_likely_enough_is_uncertain_and_counts_as_not_covered() -> None:
    doubtful, clear = (0.3, 0.3, 0.3, 0.1), (0.05, 0.05, 0.85, 0.05)
    speech = recording_of_a_customer(Call(syllables(120, 16)))

    told = mood(speech, Listener(says=[doubtful, clear, clear, doubtful]))

    assert [one.emotion for one in told.felt] == [UNCERTAIN, "neutral", "neutral", UNCERTAIN]
    assert told.coverage == pytest.approx(0.5)


def test_words_count_as_much_as_their_model_is_sure() -> None:
    speech = recording_of_a_customer(Call(syllables(120, 4)))
    voice = (0.4, 0.4, 0.1, 0.1)
    furious = Scores(0.9, 0.02, 0.04, 0.04)

    def angry(*words: Words) -> float:
        return mood(speech, Listener(says=[voice]), words).felt[0].scores.angry

    alone = angry()
    unsure, sure = (angry(Words(0, 4, furious, confidence)) for confidence in (0.2, 1.0))
    assert alone == pytest.approx(0.4)
    assert alone < unsure < sure < 0.9
    assert angry(Words(0, 4, furious, 0.0)) == pytest.approx(alone)
    assert angry(Words(5, 9, furious, 1.0)) == pytest.approx(alone)
    assert mood(speech, Listener(says=[voice]), [Words(0, 4, furious, 1.0)]).felt[0].uses_words


def test_words_tell_joy_from_anger_where_the_voice_cannot() -> None:
    glad = Words(0, 4, Scores(0.02, 0.9, 0.05, 0.03), 0.9)

    told = mood(recording_of_a_customer(Call(syllables(120, 4))), Listener(says=[(0.45, 0.45, 0.05, 0.05)]), [glad])

    assert told.felt[0].emotion == "happy"


def judged(*says: tuple[float, float, float, float]) -> Mood:
    """A call of as many segments of four seconds."""
    return mood(recording_of_a_customer(Call(syllables(120, 4 * len(says)))), Listener(says=list(says)))


CALM, ANGRY, SAD = (0.04, 0.06, 0.86, 0.04), (0.9, 0.05, 0.03, 0.02), (0.03, 0.03, 0.06, 0.88)


def test_the_curve_is_smoother_than_the_segments_and_a_single_outlier_is_no_peak() -> None:
    once = judged(CALM, CALM, CALM, ANGRY, CALM, CALM, CALM)

    assert once.felt[3].scores.angry == pytest.approx(0.9, abs=0.01)
    assert once.felt[3].curve.angry < 0.5
    assert once.felt[2].curve.angry > once.felt[0].curve.angry
    assert once.peaks == ()


def test_a_stretch_of_anger_is_a_peak_where_it_is_strongest() -> None:
    told = judged(*[CALM] * 4, *[ANGRY] * 4, *[CALM] * 4)

    (peak,) = told.peaks
    assert peak.emotion == "angry"
    assert 16 <= peak.at <= 32
    assert peak.start <= peak.at <= peak.end
    assert peak.strength > 0.6
    around = next(one for one in told.felt if one.start <= peak.at <= one.end)
    assert max(told.felt, key=lambda one: one.curve.angry) == around


def test_peaks_are_told_in_the_order_of_time_and_the_strongest_only() -> None:
    told = judged(*(part for _ in range(8) for part in (*[CALM] * 4, *[ANGRY] * 3, *[CALM] * 4, *[SAD] * 3)))

    assert len(told.peaks) == 5
    assert [peak.at for peak in told.peaks] == sorted(peak.at for peak in told.peaks)
    assert {peak.emotion for peak in told.peaks} <= {"angry", "sad"}


def test_anger_is_called_sooner_than_it_is_the_likeliest() -> None:
    listener = Listener(says=[(0.3, 0.6, 0.05, 0.05)], angry_from=0.25)

    (felt,) = mood(recording_of_a_customer(Call(syllables(120, 4))), listener).felt

    assert felt.emotion == "happy"
    assert felt.sounds_angry


@pytest.mark.parametrize(("seconds", "called"), [(4, False), (40, True)], ids=["a stranger", "their calm is known"])
def test_anger_may_be_called_sooner_where_the_callers_calm_is_known(seconds: int, called: bool) -> None:
    count = len(recording_of_a_customer(Call(syllables(120, seconds))).pieces)
    listener = Listener(says=[(0.3, 0.6, 0.05, 0.05)] * count, angry_from=0.4, angry_from_calm=0.25)

    told = mood(recording_of_a_customer(Call(syllables(120, seconds))), listener)

    assert told.knows_calm is called
    assert {felt.sounds_angry for felt in told.felt} == {called}


def test_excitement_follows_from_the_emotions() -> None:
    rows = np.array([ANGRY, (0.1, 0.8, 0.05, 0.05), CALM, SAD], np.float32)

    arousal = arousal_of(rows)

    assert list(np.argsort(-arousal)) == [0, 1, 2, 3]
    assert Scores(*ANGRY).arousal == pytest.approx(float(arousal[0]), abs=1e-5)


def test_a_whole_recording_is_the_mean_of_its_segments() -> None:
    speech = recording_of_a_customer(Call(syllables(120, 16)))

    scores = overall(speech, Listener(says=[CALM, CALM, ANGRY, ANGRY]))

    assert scores.angry == pytest.approx(0.47, abs=0.02)
    assert sum(scores.by_name().values()) == pytest.approx(1)


@pytest.mark.parametrize("sound", [silence(0), silence(0.3), silence(9)], ids=["nothing", "a scrap", "silence"])
def test_a_recording_without_speech_gets_no_scores(sound: Floats) -> None:
    with pytest.raises(ValueError, match="not enough speech"):
        overall(recording_of_a_customer(Call(sound)), Listener())


def test_a_very_quiet_recording_is_judged_like_a_loud_one() -> None:
    from voice.emotion_model import EmotionModel

    loud = syllables(np.linspace(120, 180, 9), 4, strength=0.3)
    model = EmotionModel.load()

    told, whispered = (overall(recording_of_a_customer(Call(sound)), model) for sound in (loud, loud * np.float32(0.01)))

    assert list(whispered.by_name().values()) == pytest.approx(list(told.by_name().values()), abs=0.05)


def test_what_is_felt_holds_no_sound() -> None:
    told = judged(CALM, ANGRY, CALM)

    assert not any(isinstance(value, np.ndarray) for one in told.felt for value in vars(one).values())
