"""The doctor looks at every part by itself and says what to do; channels are asked whether they take the settings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actions.crm import people
from actions.outside.store import Store
from actions.policy.files import SHIPPED_POLICY
from actions.rulebook import switch
from bot.doctor import Finding, examine
from tests.api.served import settings_from
from tests.channels.tencent_house import AES_KEY, AGENT_ID, APP_ID, APP_SECRET, CORP_ID, SECRET, TOKEN
from tests.fakes import FakeClock
from tests.platforms.qyapi import QyApi
from tests.platforms.slack import BOT_TOKEN, SIGNING_SECRET, SlackPlatform
from tests.platforms.weixin import Weixin


async def found(folder: Path, **given: str) -> Mapping[str, Finding]:
    return {finding.what: finding for finding in await examine(settings_from(folder, **given))}


def wecom(url: str, **other: str) -> dict[str, str]:
    given = {"WECOM_CORP_ID": CORP_ID, "WECOM_AGENT_ID": AGENT_ID, "WECOM_SECRET": SECRET, "WECOM_TOKEN": TOKEN}
    return {**given, "WECOM_AES_KEY": AES_KEY, "WECOM_API_URL": url, **other}


def wechat(url: str, **other: str) -> dict[str, str]:
    return {"WECHAT_APP_ID": APP_ID, "WECHAT_SECRET": APP_SECRET, "WECHAT_TOKEN": TOKEN, "WECHAT_API_URL": url, **other}


def slack(url: str, **other: str) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_SIGNING_SECRET": SIGNING_SECRET, "SLACK_API_URL": url, **other}


# --- the house ------------------------------------------------------------------------------------------------------------


async def test_a_new_home_is_well_but_for_nobody_being_known(tmp_path: Path) -> None:
    findings = await found(tmp_path)
    assert [finding.what for finding in findings.values() if not finding.is_well] == ["people"]
    assert "parley people add" in findings["people"].sentence
    assert "SLACK_BOT_TOKEN" in findings["slack"].sentence


async def test_a_home_with_people_and_a_managers_chat_is_well(tmp_path: Path, sample_home: Path) -> None:
    url = f"sqlite:///{sample_home}"
    findings = await found(tmp_path, PARLEY_DATABASE_URL=url)
    assert [finding for finding in findings.values() if not finding.is_well] == []


async def test_a_rule_that_asks_somebody_who_is_not_here_is_told_of(tmp_path: Path, sample_home: Path) -> None:
    policy = tmp_path / "policy.yaml"
    rule = "{id: odd, when: contract, verdict: confirm, confirmers: {people: [E99]}}"
    policy.write_text(f"rules:\n  - {rule}\n")
    finding = (await found(tmp_path, PARLEY_DATABASE_URL=f"sqlite:///{sample_home}", PARLEY_POLICY=str(policy)))["policy"]
    assert not finding.is_well
    assert "rule odd asks E99" in finding.sentence


async def test_managers_without_a_chat_are_told_of(tmp_path: Path, sqlite_url: str, sample_home: Path) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(sample_home.read_bytes())
    store = Store(sqlite_url)
    async with store.write() as tx:
        for chat in await people.group_chats(tx, "@managers"):
            await people.unbind_group(tx, "@managers", chat.channel)
    await store.close()
    finding = (await found(tmp_path, PARLEY_DATABASE_URL=sqlite_url))["people"]
    assert not finding.is_well
    assert "parley people bind @managers" in finding.sentence


async def test_a_home_that_is_no_folder_is_told_of_and_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    findings = await found(tmp_path, PARLEY_HOME=str(tmp_path / "file"))
    assert not findings["home"].is_well
    assert "PARLEY_HOME" in findings["home"].sentence
    assert findings["policy"].is_well


async def test_a_policy_that_cannot_be_read_is_told_of_with_its_line(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "own.yaml").write_text("rules:\n  - {id: one, when: contarct, verdict: refuse}\n", encoding="utf-8")
    finding = (await found(tmp_path, PARLEY_DATABASE_URL=sqlite_url, PARLEY_POLICY=str(tmp_path / "own.yaml")))["policy"]
    assert not finding.is_well
    assert "own.yaml:2: rule one: undeclared reference to 'contarct'; perhaps contract" in finding.sentence


async def test_the_packs_that_are_on_are_told_of(tmp_path: Path, sqlite_url: str) -> None:
    store = Store(sqlite_url)
    await switch(store, SHIPPED_POLICY, "eu-gdpr", on=True, now=datetime(2026, 3, 2, tzinfo=UTC))
    await store.close()
    finding = (await found(tmp_path, PARLEY_DATABASE_URL=sqlite_url))["policy"]
    assert finding.is_well
    assert "packs eu-gdpr" in finding.sentence


async def test_the_day_of_the_rates_is_told_and_how_to_renew_those_that_are_out_of_date(
    tmp_path: Path, sqlite_url: str
) -> None:
    rules = "rules:\n  - {id: all, when: 'true', verdict: run}\n"
    (tmp_path / "policy.yaml").write_text(rules)
    settings = {"PARLEY_DATABASE_URL": sqlite_url, "PARLEY_POLICY": str(tmp_path / "policy.yaml")}
    old = (await found(tmp_path, **settings))["policy"]
    assert "rates of 2025-10-01, which are out of date" in old.sentence
    assert "add a set with its day to rates.yaml" in old.sentence
    today = datetime.now(UTC).date()
    (tmp_path / "rates.yaml").write_text(f"as_of: {today}\ncny: {{CNY: 1, USD: 7}}\n")
    renewed = (await found(tmp_path, **settings))["policy"]
    assert f"rates of {today}" in renewed.sentence
    assert "out of date" not in renewed.sentence


async def test_stores_that_are_away_are_told_of_without_their_passwords(tmp_path: Path) -> None:
    database, redis = "postgresql://u:hunter2@127.0.0.1:1/x", "redis://:hunter2@127.0.0.1:1/0"
    findings = await found(tmp_path, PARLEY_DATABASE_URL=database, PARLEY_REDIS_URL=redis)
    assert not findings["database"].is_well
    assert not findings["memory"].is_well
    assert findings["documents"].is_well
    assert not [finding for finding in findings.values() if "hunter2" in finding.sentence]


async def test_an_empty_folder_of_documents_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "sops").mkdir()
    finding = (await found(tmp_path, PARLEY_SOPS=str(tmp_path / "sops")))["documents"]
    assert not finding.is_well
    assert "PARLEY_SOPS" in finding.sentence


async def test_it_says_whom_the_api_answers(tmp_path: Path) -> None:
    assert "this machine only" in (await found(tmp_path))["api"].sentence
    with_token = (await found(tmp_path, PARLEY_API_TOKEN="hunter2"))["api"].sentence
    assert "bearer token" in with_token and "hunter2" not in with_token


# --- the channels ----------------------------------------------------------------------------------------------------------


async def test_slack_accepts_the_right_token_and_refuses_a_wrong_one(tmp_path: Path, clock: FakeClock) -> None:
    async with SlackPlatform(clock).serving() as platform:
        good = (await found(tmp_path, **slack(platform.api_url)))["slack"]
        bad = (await found(tmp_path, **slack(platform.api_url, SLACK_BOT_TOKEN="xoxb-wrong-hunter2")))["slack"]
    assert good.is_well, good.sentence
    assert not bad.is_well
    assert "SLACK_BOT_TOKEN" in bad.sentence
    assert "hunter2" not in bad.sentence


async def test_a_missing_scope_is_named(tmp_path: Path, clock: FakeClock) -> None:
    async with SlackPlatform(clock).serving() as platform:
        platform.scopes = platform.scopes.replace("chat:write,", "")
        finding = (await found(tmp_path, **slack(platform.api_url)))["slack"]
    assert not finding.is_well
    assert "chat:write" in finding.sentence


@pytest.mark.parametrize("wrong", [{"WECOM_SECRET": "hunter2"}, {"WECOM_CORP_ID": "ww0000000000000009"}])
async def test_wecom_refuses_wrong_settings(tmp_path: Path, clock: FakeClock, wrong: dict[str, str]) -> None:
    async with QyApi(CORP_ID, SECRET, clock).serving() as url:
        good = (await found(tmp_path, **wecom(url)))["wecom"]
        bad = (await found(tmp_path, **wecom(url, **wrong)))["wecom"]
    assert good.is_well, good.sentence
    assert not bad.is_well
    assert next(iter(wrong)) in bad.sentence
    assert "hunter2" not in bad.sentence


async def test_wechat_refuses_a_wrong_secret(tmp_path: Path, clock: FakeClock) -> None:
    async with Weixin(APP_ID, APP_SECRET, clock).serving() as url:
        good = (await found(tmp_path, **wechat(url)))["wechat"]
        bad = (await found(tmp_path, **wechat(url, WECHAT_SECRET="hunter2")))["wechat"]
    assert good.is_well, good.sentence
    assert not bad.is_well
    assert "WECHAT_SECRET" in bad.sentence
    assert "hunter2" not in bad.sentence


async def test_an_address_that_is_not_allowed_is_told_with_where_to_allow_it(tmp_path: Path, clock: FakeClock) -> None:
    api = QyApi(CORP_ID, SECRET, clock)
    api.is_trusted = False
    async with api.serving() as url:
        finding = (await found(tmp_path, **wecom(url)))["wecom"]
    assert not finding.is_well
    assert "IP" in finding.sentence


async def test_a_platform_that_is_away_is_told_of(tmp_path: Path) -> None:
    away = "http://127.0.0.1:1"
    findings = await found(tmp_path, **slack(f"{away}/api/"), **wecom(away), **wechat(away))
    assert [name for name in ("slack", "wecom", "wechat") if findings[name].is_well] == []


async def test_a_half_set_channel_is_told_of_and_hides_no_other(tmp_path: Path) -> None:
    findings = await found(tmp_path, SLACK_BOT_TOKEN=BOT_TOKEN)
    assert "SLACK_SIGNING_SECRET is missing" in findings["slack"].sentence
    assert findings["wechat"].is_well
