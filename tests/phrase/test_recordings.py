"""What is said about recordings: times as people read them, doubt marked as doubt, every reason with what to do."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actions.crm.records import Recording
from bot.phrase_recordings import clock, line_of, phrase_done, phrase_unheard
from bot.unheard import tell_in_chat
from bot.wording.fill import Voice
from bot.wording.sentences import LANGUAGES, Language
from tests.phrase.reading import RememberingMint, complaints
from voice.cannot_hear import REASONS
from voice.transcript import Turn

AT = datetime(2026, 11, 25, 2, tzinfo=UTC)
CALL = Recording(
    "REC-1", "0" * 64, "call.m4a", "audio/mp4", 1_500_000, False, "E01", "web", "web:E01", AT, "done", duration_ms=754_000
)
TURN = Turn(61.5, 65.0, "报价太贵了", (), "zh", "客户", 1.0, False, 0.9)


@pytest.mark.parametrize(("seconds", "told"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3723.4, "1:02:03")])
def test_a_time_is_told_as_a_player_shows_it(seconds: float, told: str) -> None:
    assert clock(seconds) == told


def test_a_guessed_speaker_is_marked_as_guessed() -> None:
    voice = Voice("zh")
    assert line_of(TURN, voice) == "1:01 客户：报价太贵了"
    assert line_of(replace(TURN, speaker_is_estimated=True), voice) == "1:01 客户（估计）：报价太贵了"
    assert line_of(replace(TURN, speaker=""), voice) == "1:01 报价太贵了"


def test_who_has_no_name_yet_is_told_by_side_as_far_as_that_is_known() -> None:
    voice, known = Voice("zh"), replace(CALL, customer_speaker="B", customer_percent=76)
    assert line_of(replace(TURN, speaker="B"), voice, known) == "1:01 客户（估计）：报价太贵了"
    assert line_of(replace(TURN, speaker="A"), voice, known) == "1:01 我方（估计）：报价太贵了"
    assert line_of(replace(TURN, speaker="A"), voice, CALL) == "1:01 A：报价太贵了", "doubtful stays doubtful"
    assert line_of(replace(TURN, speaker="王总"), voice, known) == "1:01 王总：报价太贵了", "whom somebody named has a name"


def test_a_long_turn_is_cut_to_a_line() -> None:
    assert len(line_of(replace(TURN, text="长" * 1000), Voice("zh"))) < 200


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_transcript_names_its_model_and_what_must_be_said_about_it(lang: Language) -> None:
    mint = RememberingMint()
    reply = phrase_done(replace(CALL, model="tiny-synthetic"), [TURN], True, Voice(lang), mint)
    assert complaints(reply) == []
    assert reply.card is not None and reply.card.note is not None
    assert "tiny-synthetic" in reply.card.note
    assert ("合成语音" if lang == "zh" else "synthetic speech") in reply.card.note
    assert mint.actions == ["transcript", "do"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_told_without_settings_and_folders(reason: str, lang: Language) -> None:
    reply = phrase_unheard(CALL, reason, False, Voice(lang), RememberingMint())
    assert complaints(reply) == []
    assert "PARLEY_" not in reply.text and "docs/" not in reply.text and "pip" not in reply.text


@pytest.mark.parametrize(("lang", "told"), [("zh", "合成语音"), ("en", "synthetic")])
def test_where_the_model_knows_no_people_that_is_the_reason(lang: Language, told: str) -> None:
    assert told in phrase_unheard(CALL, "not_understood", True, Voice(lang), RememberingMint()).text
    assert told not in phrase_unheard(CALL, "not_understood", False, Voice(lang), RememberingMint()).text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_reason_without_words_is_told_as_a_fault(lang: Language) -> None:
    assert tell_in_chat("never thought of", Voice(lang)) == tell_in_chat("broken", Voice(lang))
