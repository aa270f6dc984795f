"""Settings: unset is off, set is on, and what is half-set or wrong is named in one sentence before anything starts."""

from pathlib import Path

import pytest

from bot.app import create_app
from bot.channels.roster import CHANNELS
from bot.settings import SettingsError, load_settings
from tests.api.served import settings_from

EVERY = {
    "slack": {"SLACK_BOT_TOKEN": "xoxb-sample", "SLACK_SIGNING_SECRET": "sample"},
    "wecom": {
        "WECOM_CORP_ID": "ww0000000000000001",
        "WECOM_AGENT_ID": "1000002",
        "WECOM_SECRET": "sample",
        "WECOM_TOKEN": "sample",
        "WECOM_AES_KEY": "a" * 43,
    },
    "wechat": {"WECHAT_APP_ID": "wx0000000000000001", "WECHAT_SECRET": "sample", "WECHAT_TOKEN": "sample"},
}
ONE_MISSING = [(channel, name) for channel, names in EVERY.items() for name in names]


def test_nothing_set_is_the_embedded_default(tmp_path: Path) -> None:
    settings = settings_from(tmp_path)
    assert settings.database() == f"sqlite:///{tmp_path / 'home' / 'parley.sqlite'}"
    assert settings.redis_url is None
    assert not any(settings.is_set(name, row.needed, row.optional) for name, row in CHANNELS.items())


def test_empty_is_unset(tmp_path: Path) -> None:
    settings = settings_from(tmp_path, PARLEY_API_TOKEN="", SLACK_BOT_TOKEN="", PARLEY_DATABASE_URL="")
    assert settings.api_token is None
    create_app(settings)


@pytest.mark.parametrize("channel", EVERY)
def test_a_channel_whose_settings_are_all_there_is_on(tmp_path: Path, channel: str) -> None:
    row = CHANNELS[channel]
    assert settings_from(tmp_path, **EVERY[channel]).is_set(channel, row.needed, row.optional)


@pytest.mark.parametrize("channel, missing", ONE_MISSING)
def test_a_half_set_channel_stops_the_start_and_names_the_missing_one(tmp_path: Path, channel: str, missing: str) -> None:
    given = {name: value for name, value in EVERY[channel].items() if name != missing}
    with pytest.raises(SettingsError, match=f"{channel}: {missing} is missing") as refusal:
        create_app(settings_from(tmp_path, **given))
    assert not [value for value in given.values() if value in str(refusal.value)]
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("optional", ["SLACK_APP_TOKEN", "WECOM_API_URL", "WECHAT_AES_KEY"])
def test_an_optional_setting_alone_is_half_set_too(tmp_path: Path, optional: str) -> None:
    with pytest.raises(SettingsError, match=f"although {optional} is set"):
        create_app(settings_from(tmp_path, **{optional: "a" * 43}))


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("WECOM_AES_KEY", "a" * 42, "43 characters"),
        ("WECHAT_AES_KEY", "a" * 44, "43 characters"),
        ("PARLEY_DATABASE_URL", "mysql://root:hunter2@db/x", "sqlite:/// or postgresql://"),
        ("PARLEY_DATABASE_URL", "nonsense", "sqlite:/// or postgresql://"),
        ("PARLEY_REDIS_URL", "http://:hunter2@redis", "redis://"),
        ("PARLEY_POLICY", "/nowhere/policy.yaml", "does not exist"),
        ("PARLEY_DICTIONARY", "/nowhere/dictionary.yaml", "does not exist"),
        ("PARLEY_SOPS", "/nowhere/sops", "does not exist"),
        ("PARLEY_INTENT_MODEL", "/nowhere/model", "does not exist"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(tmp_path: Path, name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError, match=name) as refusal:
        settings_from(tmp_path, **{name: value})
    assert told in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert value[:42] not in str(refusal.value) or value.startswith("/nowhere")


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    settings = settings_from(tmp_path, PARLEY_API_TOKEN="hunter2", **EVERY["slack"])
    assert "hunter2" not in f"{settings!r} {settings}"
    assert "xoxb-sample" not in f"{settings!r} {settings}"


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(None).home = Path("elsewhere")
