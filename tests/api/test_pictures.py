"""Pictures of replies over HTTP: on the chat page and from the API, by an address that nobody guesses."""

import re
from pathlib import Path

import pytest

from bot.app import Minds
from bot.channels.picture_links import PictureLinks
from bot.channels.web import Line, WebChannel
from bot.message import Address, Picture, Reply
from bot.pages.chat import PagePerson, Seat, _html
from tests.api.served import Served, serving, settings_from

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    path = tmp_path / "step.png"
    path.write_bytes(PNG)
    return Picture(str(path), 'Step 1 <b>"press"</b>')


async def put(served: Served, reply: Reply) -> None:
    async with served.house.store.write() as tx:
        await served.house.outbox.put(tx, "k1", Address("api", "c1"), reply)


async def first_reply(served: Served, reply: Reply) -> dict[str, object]:
    await put(served, reply)
    return (await served.say("help"))[0]


async def test_the_api_lists_pictures_and_hands_them_out(served: Served, picture: Picture) -> None:
    told = await first_reply(served, Reply("Look", "en", pictures=(picture,)))
    (listed,) = told["pictures"]  # type: ignore[misc]
    assert listed["alt"] == picture.alt
    answer = await served.http.get(listed["url"])
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_picture_that_is_gone_leaves_its_name_in_the_text(served: Served, picture: Picture) -> None:
    gone = Picture("/nowhere.png", "step two")
    told = await first_reply(served, Reply("Look", "en", pictures=(gone, picture)))
    assert told["text"] == "Look\n[picture: step two]"
    (listed,) = told["pictures"]  # type: ignore[misc]
    assert (await served.http.get(listed["url"])).content == PNG
    Path(picture.path).unlink()
    assert (await served.http.get(listed["url"])).status_code == 404


async def test_an_address_that_was_not_given_out_finds_nothing(served: Served, picture: Picture) -> None:
    told = await first_reply(served, Reply("Look", "en", pictures=(picture,)))
    url = str(told["pictures"][0]["url"])  # type: ignore[index]
    token = url.rsplit("/", 1)[1]
    row, place, seal = token.split("-")
    for other in (f"{row}-1-{seal}", f"{int(row) + 1}-{place}-{seal}", f"{row}-{place}-{'0' * 32}", "x", picture.path):
        assert (await served.http.get(f"/api/pictures/{other}")).status_code == 404
    assert (await served.http.get(f"/chat/pictures/{token}")).status_code == 404


async def test_the_api_wants_its_token_for_pictures_too(tmp_path: Path, minds: Minds, sample_home: Path) -> None:
    async with serving(settings_from(tmp_path, PARLEY_API_TOKEN="sample"), minds, sample_home) as served:
        assert (await served.http.get("/api/pictures/1-0-" + "0" * 32)).status_code == 401


async def test_the_description_tells_of_pictures(served: Served) -> None:
    document = (await served.http.get("/openapi.json")).json()
    assert set(document["components"]["schemas"]["ApiPicture"]["properties"]) == {"url", "alt"}
    assert "pictures" in document["components"]["schemas"]["ApiReply"]["properties"]
    assert "image/webp" in document["paths"]["/api/pictures/{token}"]["get"]["responses"]["200"]["content"]


async def test_the_chat_page_shows_a_picture_below_the_text_and_names_one_that_is_gone(
    served: Served, picture: Picture, tmp_path: Path
) -> None:
    page = served.house.channels["web"]
    assert isinstance(page, WebChannel)
    gone = Picture("/nowhere.png", "step two")
    await page.send("k1", Address("web", "E01"), Reply("Look", "en", pictures=(picture, gone)))
    (line,) = await page.history(["E01"])
    shown = shown_line(line, tmp_path)
    assert "[picture: step two]" in shown
    assert 'alt="Step 1 &lt;b&gt;&#34;press&#34;&lt;/b&gt;"' in shown
    (url,) = set(re.findall(r'src="([^"]+)"', shown))
    answer = await served.http.get(url)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await served.client("192.0.2.7").get(url)).status_code == 403
    assert (await served.http.get(url.replace("/chat/", "/api/"))).status_code == 404


async def test_a_redrawn_line_shows_its_new_pictures(served: Served, picture: Picture, tmp_path: Path) -> None:
    page = served.house.channels["web"]
    assert isinstance(page, WebChannel)
    to = Address("web", "E01")
    sent = await page.send("k1", to, Reply("Wait", "en"))
    await page.redraw("k2", to, sent.ref or "", Reply("Look", "en", pictures=(picture,)))
    (line,) = await page.history(["E01"])
    (url,) = set(re.findall(r'src="([^"]+)"', shown_line(line, tmp_path)))
    assert (await served.http.get(url)).content == PNG


def shown_line(line: Line, folder: Path) -> str:
    seat = Seat("rep", PagePerson("E01", "rep", "rep", "", "UTC"), ("E01",))
    return _html(line, seat, {}, PictureLinks(folder / "home", "transcript"))
