"""The whole application in this process, asked over HTTP: what the specifications of the API share."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from bot.app import House, Minds, build_house, create_app
from bot.hearing import Listener, MoodJudge
from bot.settings import Settings, load_settings
from tests.house_under_test import MORNING, SweepOnly

HERE = "http://127.0.0.1:8000"
REP, MANAGER, OTHER_MANAGER = "E01", "E11", "E12"
Json = dict[str, Any]
_STARTED = monotonic()


def of_the_morning() -> datetime:
    """A clock that goes, from the morning on which the sample company begins: by night the rules ask first."""
    return MORNING + timedelta(seconds=monotonic() - _STARTED)


@dataclass(frozen=True)
class Served:
    """The running house, and a client on the same machine."""

    house: House = field(repr=False)
    http: httpx.AsyncClient
    transport: httpx.ASGITransport

    def client(self, host: str = "127.0.0.1", **options: Any) -> httpx.AsyncClient:
        """Another client, calling from the address `host`."""
        transport = httpx.ASGITransport(self.transport.app, raise_app_exceptions=False, client=(host, 51000))
        return httpx.AsyncClient(transport=transport, base_url=HERE, **options)

    async def say(self, text: str, *, sender: str = REP, conversation: str = "c1", **headers: str) -> list[Json]:
        """The replies to a message."""
        body = {"conversation": conversation, "sender": sender, "text": text}
        return _replies(await self.http.post("/api/messages", json=body, headers=headers))

    async def press(self, button: str, *, sender: str = REP, conversation: str = "c1") -> list[Json]:
        body = {"conversation": conversation, "sender": sender}
        return _replies(await self.http.post(f"/api/actions/{button}", json=body))

    async def pending(self) -> list[Json]:
        found: list[Json] = (await self.http.get("/api/proposals")).json()
        return found

    async def decide(self, proposal: Json, person: str, *, yes: bool = True, digest: str | None = None) -> httpx.Response:
        body = {"person": person, "yes": yes, "digest": digest or proposal["digest"]}
        return await self.http.post(f"/api/proposals/{proposal['id']}/decision", json=body)


def _replies(answer: httpx.Response) -> list[Json]:
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["replies"]
    return found


def button_of(replies: list[Json], label: str) -> str:
    """The id of the button with this label under the latest card."""
    return next(str(button["id"]) for button in replies[-1]["buttons"] if button["label"] == label)


def settings_from(folder: Path, **given: str) -> Settings:
    """The settings of a `.env` file that says this; the home lies in the same folder."""
    file = folder / ".env"
    lines = {"PARLEY_HOME": str(folder / "home"), "PARLEY_EMBEDDING_MODEL": "none", **given}
    file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    return load_settings(file)


@asynccontextmanager
async def serving(
    settings: Settings,
    minds: Minds,
    database: Path | None = None,
    *,
    sample: bool = True,
    listener: Listener | None = None,
    moods: MoodJudge | None = None,
) -> AsyncIterator[Served]:
    """The application, with the sample company or without, started and stopped as its server would.

    `database` is copied first. `listener` hears recordings; without one they wait. `moods` says how customers sound.
    """
    if database is not None:
        settings.home.mkdir(parents=True)
        shutil.copy(database, settings.home / "parley.sqlite")
    houses: list[House] = []

    async def build(settings: Settings) -> House:
        assembled = partial(build_house, minds=minds, engine=SweepOnly(), listener=listener, moods=moods, now=of_the_morning)
        houses.append(await assembled(settings))
        return houses[0]

    app = create_app(settings, sample=sample, build=build, now=of_the_morning)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 51000))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as http:
            yield Served(houses[0], http, transport)
