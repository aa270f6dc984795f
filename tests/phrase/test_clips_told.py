"""What is said around a part of a recording: short, in the asker's language, with what comes next on buttons."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from actions.commands.clips import Part
from actions.crm.records import Customer, Recording, Speaker
from bot.may_hear import Shut
from bot.message import Card, File, Reply
from bot.phrase_clips import phrase_clip, told_closed, why_closed, with_clip
from bot.steps import PlayClip
from bot.wording.fill import Voice
from bot.wording.sentences import LANGUAGES, Language
from tests.phrase.reading import RememberingMint, complaints
from voice.cannot_hear import REASONS
from voice.transcript import Turn

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
CALL = Recording(
    "REC-1", "d" * 64, "call.m4a", "audio/mp4", 9, False, "E01", "web", "web:E01", NOW, "done", duration_ms=600_000
)
TURN = Turn(191.0, 200.0, "报价太贵了", (), "zh", "A", 0.9, False, 0.9)
REP = Speaker("E01", "rep", "林悦")
STEP = PlayClip(
    replace(CALL, basis="announced"), Part("REC-1", 192.0, 10.0), (TURN, replace(TURN, start=200.0, text="再便宜一点")), None
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_moment_comes_with_its_words_and_is_for_whoever_asked(lang: Language) -> None:
    mint = RememberingMint()
    reply = phrase_clip(STEP, REP, Voice(lang), mint).reply
    assert complaints(reply) == []
    assert reply.card is not None and reply.card.title == "call 3:12–3:22"
    assert any("报价太贵了" in line for line in reply.card.lines)
    assert reply.files == (
        File("call 3:12–3:22.mp3", mime="audio/mpeg", clip="REC-1", start=192.0, seconds=10.0, reader="person:E01"),
    )
    assert mint.actions == ["clip", "do"]


def test_it_is_called_by_the_customer_where_one_is_known() -> None:
    customer = Customer("C001", "华康医疗科技有限公司", name_en="Huakang Medical")
    for lang, name in (("zh", "华康医疗科技有限公司"), ("en", "Huakang Medical")):
        reply = phrase_clip(replace(STEP, customer=customer), REP, Voice(lang), RememberingMint()).reply
        assert reply.files[0].name == f"{name} 3:12–3:22.mp3"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reason", [*get_args(Shut), *REASONS, "never thought of"])
def test_every_reason_for_which_sound_stays_inside_is_told(reason: str, lang: Language) -> None:
    voice = Voice(lang)
    assert why_closed(reason, voice)
    told = told_closed("call 3:12–3:22.mp3", reason, lang)
    assert "call 3:12–3:22" in told and ".mp3" not in told and why_closed(reason, voice) in told
    assert "PARLEY_" not in told and "docs/" not in told and "pip" not in told


def test_a_notice_has_its_sound_or_says_why_not() -> None:
    reply, file, voice = Reply("升级", "zh", Card("升级", ("客户很生气",))), File("x.mp3", clip="REC-1"), Voice("zh")
    assert with_clip(reply, file, None, voice).files == (file,)
    closed = with_clip(reply, file, "deleted", voice)
    assert closed.files == () and closed.card is not None
    assert closed.card.lines == ("客户很生气", "录音已经删除。") and closed.text.endswith("录音已经删除。")
