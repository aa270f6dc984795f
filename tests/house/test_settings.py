"""The settings that the world may rely on: each is known, has its default, and half of a channel is refused by name."""

from pathlib import Path

import pytest

from bot.channels.roster import CHANNELS
from bot.settings import Settings, SettingsError, load_settings

PROMISED = {
    "PARLEY_HOME",
    "PARLEY_DATABASE_URL",
    "PARLEY_REDIS_URL",
    "PARLEY_POLICY",
    "PARLEY_DICTIONARY",
    "PARLEY_SOPS",
    "PARLEY_INTENT_MODEL",
    "PARLEY_EMBEDDING_MODEL",
    "PARLEY_RERANKER_MODEL",
    "PARLEY_WHISPER_MODEL",
    "PARLEY_CHROMA_URL",
    "PARLEY_LLM_BASE_URL",
    "PARLEY_LLM_MODEL",
    "PARLEY_LLM_API_KEY",
    "PARLEY_API_TOKEN",
    "PARLEY_SECRET_KEY",
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "SLACK_API_URL",
    "WECOM_CORP_ID",
    "WECOM_AGENT_ID",
    "WECOM_SECRET",
    "WECOM_TOKEN",
    "WECOM_AES_KEY",
    "WECOM_API_URL",
    "WECHAT_APP_ID",
    "WECHAT_SECRET",
    "WECHAT_TOKEN",
    "WECHAT_AES_KEY",
    "WECHAT_API_URL",
}


def test_every_promised_setting_is_known_and_no_other() -> None:
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert known == PROMISED


def test_everything_has_a_default() -> None:
    assert [name for name, field in Settings.model_fields.items() if field.is_required()] == []


@pytest.mark.parametrize("channel", CHANNELS)
def test_half_a_channel_is_refused_with_the_missing_name(channel: str) -> None:
    row = CHANNELS[channel]
    given, *missing = row.needed
    settings = Settings.model_validate({given: "something"})
    with pytest.raises(SettingsError, match=missing[0]):
        settings.is_set(channel, row.needed, row.optional)


@pytest.mark.parametrize(
    ("given", "missing"), [("PARLEY_LLM_BASE_URL", "PARLEY_LLM_MODEL"), ("PARLEY_LLM_MODEL", "PARLEY_LLM_BASE_URL")]
)
def test_half_a_large_model_is_refused(given: str, missing: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"{given}=http://127.0.0.1:1/v1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=missing):
        load_settings(tmp_path / ".env")


def test_a_secret_from_which_keys_are_made_is_long(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARLEY_SECRET_KEY=short\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="PARLEY_SECRET_KEY must have at least 32"):
        load_settings(tmp_path / ".env")
