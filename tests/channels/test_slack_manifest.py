"""The app manifest asks Slack for what the channel needs, neither more nor less, and points every door at the one route."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.channels.slack import SCOPES

MANIFEST = Path(__file__).parents[2] / "deploy" / "slack-app-manifest.yaml"
SCOPE_OF_EVENT = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


@pytest.fixture
def manifest() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return data


def test_the_scopes_are_those_that_the_check_demands(manifest: dict[str, Any]) -> None:
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES


def test_every_event_subscribed_to_is_one_its_scope_allows(manifest: dict[str, Any]) -> None:
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {SCOPE_OF_EVENT[event] for event in events} <= SCOPES


def test_events_presses_and_commands_come_to_one_route(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    settings = manifest["settings"]
    urls = {command["url"], settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]}
    assert {url.removeprefix("https://parley.example.com") for url in urls} == {"/slack/events"}
    assert command["command"] == "/parley"


def test_the_texts_fit_into_slacks_form(manifest: dict[str, Any]) -> None:
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
