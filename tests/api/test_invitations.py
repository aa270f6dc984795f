"""Calendar invitations over HTTP: beside the reply that tells of a meeting, by an address that nobody guesses."""

import re
from pathlib import Path

from icalendar import Calendar

from bot.channels.web import WebChannel
from bot.message import Address, File, Reply
from tests.api.served import Served
from tests.api.test_pictures import shown_line

ICS = File(
    "meeting-20261201-0200Z.ics",
    text="BEGIN:VCALENDAR\r\nEND:VCALENDAR",
    mime="text/calendar; charset=utf-8; method=REQUEST",
)


async def test_the_api_lists_a_file_and_hands_it_out(served: Served) -> None:
    async with served.house.store.write() as tx:
        await served.house.outbox.put(tx, "k1", Address("api", "c1"), Reply("Booked", "en", files=(ICS,)))
    [listed] = (await served.say("help"))[0]["files"]  # type: ignore[misc, attr-defined]
    assert (listed["name"], listed["mime"]) == (ICS.name, ICS.mime)
    answer = await served.http.get(listed["url"])
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, ICS.text, ICS.mime)
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{ICS.name}"
    token = listed["url"].rsplit("/", 1)[1]
    row, place, seal = token.split("-")
    for other in (f"{row}-1-{seal}", f"{int(row) + 1}-{place}-{seal}", f"{row}-{place}-{'0' * 32}", "x"):
        assert (await served.http.get(f"/api/files/{other}")).status_code == 404
    assert (await served.http.get(f"/api/pictures/{token}")).status_code == 404


async def test_the_chat_page_links_the_file(served: Served, tmp_path: Path) -> None:
    page = served.house.channels["web"]
    assert isinstance(page, WebChannel)
    await page.send("k1", Address("web", "E01"), Reply("Booked", "en", files=(ICS,)))
    (line,) = await page.history(["E01"])
    (url,) = re.findall(r'href="(/chat/files/[^"]+)"', shown_line(line, tmp_path))
    answer = await served.http.get(url)
    assert (answer.status_code, answer.text) == (200, ICS.text)
    assert (await served.client("192.0.2.7").get(url)).status_code == 403


async def test_a_booking_made_over_the_api_brings_its_invitation(served: Served) -> None:
    async def press(label: str, replies: list[dict[str, object]]) -> list[dict[str, object]]:
        buttons = [button for reply in replies for button in reply["buttons"]]  # type: ignore[attr-defined]
        button = next(one for one in buttons if one["label"].endswith(label))
        body = {"conversation": "c1", "sender": "E01"}
        answer = await served.http.post(f"/api/actions/{button['id']}", json=body)
        replies_to_it: list[dict[str, object]] = answer.json()["replies"]
        return replies_to_it

    asked = {"conversation": "c1", "sender": "E01", "text": "帮我约个技术顾问"}
    offered = (await served.http.post("/api/messages", json=asked)).json()["replies"]
    booked = await press("约定", await press("韩松", offered))
    [file] = booked[0]["files"]  # type: ignore[misc]
    [event] = Calendar.from_ical((await served.http.get(file["url"])).text).walk("VEVENT")
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert str(event["UID"]).endswith("@parley")
    assert str(event["ATTENDEE"]) == "mailto:han.song@parley.example.com"
