"""The files of papers over HTTP: for whoever may see the customer, while they may, and for nobody else."""

import io
import re
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import update

from actions.crm import own
from actions.outside.tables import CustomerRow, DealRow
from bot.channels.picture_links import PictureLinks
from bot.channels.web import WebChannel
from bot.kept_papers import PaperFiles
from bot.message import Address, File, Reply
from bot.pages.chat import PagePerson, Seat, _html
from tests.api.served import MANAGER, Json, Served, button_of


async def quote_of(served: Served) -> list[Json]:
    """The replies after a quotation was prepared."""
    replies = await served.say("客户要报价,华康医疗那单")
    return await served.press(button_of(replies, "准备报价单"))


async def test_a_prepared_paper_comes_with_its_first_page_and_its_files(served: Served) -> None:
    (told,) = await quote_of(served)
    assert [file["name"] for file in told["files"]] == [
        "报价单-华康医疗科技有限公司-v1.pdf",
        "报价单-华康医疗科技有限公司-v1.docx",
    ]
    assert len(told["pictures"]) == 1
    assert "《报价单》" in told["pictures"][0]["alt"]
    picture = await served.http.get(told["pictures"][0]["url"])
    assert picture.headers["content-type"] == "image/png"
    answer = await served.http.get(told["files"][0]["url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "华康医疗科技有限公司" in pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    word = await served.http.get(told["files"][1]["url"])
    assert word.content.startswith(b"PK")


async def test_an_address_that_was_not_given_out_opens_nothing(served: Served) -> None:
    (told,) = await quote_of(served)
    token = told["files"][0]["url"].rsplit("/", 1)[1]
    row, place, seal = token.split("-")
    picture_token = told["pictures"][0]["url"].rsplit("/", 1)[1]
    for other in (f"{row}-1-{seal}", f"{int(row) + 1}-{place}-{seal}", f"{row}-{place}-{'0' * 32}", "x", picture_token):
        assert (await served.http.get(f"/api/files/{other}")).status_code == 404
    assert (await served.http.get(f"/api/pictures/{token}")).status_code == 404
    assert (await served.http.get(f"/chat/files/{token}")).status_code == 404


async def _paper(served: Served) -> str:
    async with served.house.store.read() as tx:
        (paper,) = await own.find(tx, "paper")
    return paper.id


async def _opens(served: Served, elsewhere: Path, reader: str, name: str = "paper.pdf") -> bool:
    """Whether the file opens for them, from a home that has none of the files yet."""
    files = PaperFiles(served.house.store, elsewhere)
    content = await files.content(File("x.pdf", f"papers/x/{name}", await _paper(served), reader))
    return content is not None


@pytest.mark.parametrize(
    ("reader", "may"),
    [
        ("E01", True),  # whose customer it is
        ("E11", True),  # their manager
        ("E20", True),  # the director
        ("E02", False),  # a colleague beside them
        ("E12", False),  # another team's manager
        ("K001", False),  # the customer, before it was sent
        ("K002", False),
        ("nobody", False),
    ],
)
async def test_it_opens_for_whoever_may_see_the_customer(served: Served, tmp_path: Path, reader: str, may: bool) -> None:
    await quote_of(served)
    assert await _opens(served, tmp_path / "elsewhere", reader) == may


async def test_the_customer_may_open_it_once_it_was_sent_and_no_other_customer_ever(served: Served, tmp_path: Path) -> None:
    prepared = await quote_of(served)
    assert not await _opens(served, tmp_path / "elsewhere", "K001")
    (told,) = await served.press(button_of(prepared, "发给客户"))
    for person in ("E01", MANAGER):  # by night the house asks first: whoever sends it, and somebody who looks as well
        for proposal in await served.pending():
            await served.decide(proposal, person)
    assert "王建平" in told["text"] and await served.pending() == []
    assert await _opens(served, tmp_path / "elsewhere", "K001")
    assert not await _opens(served, tmp_path / "elsewhere", "K002")


async def test_no_other_file_of_the_home_opens(served: Served, tmp_path: Path) -> None:
    await quote_of(served)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "picture_key").write_text("secret")
    for name in ("../../picture_key", "picture_key", "page-1.png", "..", ".pdf"):
        assert not await _opens(served, tmp_path / "elsewhere", "E01", name)


async def test_an_address_ends_with_the_right_to_see_the_customer(served: Served) -> None:
    (told,) = await quote_of(served)
    url = told["files"][0]["url"]
    assert (await served.http.get(url)).status_code == 200
    moved = update(CustomerRow).where(CustomerRow.id == "C001").values(owner_id="E05")
    async with served.house.store.write() as tx:
        await tx.execute(moved)
        await tx.execute(update(DealRow).where(DealRow.id == "D001").values(owner_id="E05"))
    assert (await served.http.get(url)).status_code == 404


async def test_a_colleague_can_do_nothing_with_a_button_of_it(served: Served) -> None:
    prepared = await quote_of(served)
    for label in ("看全文", "怎么改", "发给客户"):
        (told,) = await served.press(button_of(prepared, label), sender="E02", conversation="c2")
        assert "不归您看" in told["text"]
        assert not told["files"] and not told["pictures"]


async def test_the_chat_page_links_the_files(served: Served, tmp_path: Path) -> None:
    await quote_of(served)
    page = served.house.channels["web"]
    assert isinstance(page, WebChannel)
    file = File('报价单 <b>"v1"</b>.pdf', "papers/x/paper.pdf", await _paper(served), "E01")
    await page.send("s1", Address("web", "E01"), Reply("Look", "zh", files=(file,)))
    (line,) = [one for one in await page.history(["E01"]) if one.reply and one.reply.files]
    person = PagePerson("E01", "林悦", "rep", "华东", "Asia/Shanghai")
    html = _html(line, Seat("rep", person, ("E01",)), {}, PictureLinks(tmp_path / "home", "transcript"))
    assert "<b>" not in html
    (url,) = re.findall(r'href="(/chat/files/[^"]+)"', html)
    assert (await served.http.get(url)).content.startswith(b"%PDF")
    assert (await served.client("192.0.2.7").get(url)).status_code == 403


async def test_the_description_tells_of_files(served: Served) -> None:
    document = (await served.http.get("/openapi.json")).json()
    assert set(document["components"]["schemas"]["ApiFile"]["properties"]) == {"url", "name", "mime"}
    assert "application/pdf" in document["paths"]["/api/files/{token}"]["get"]["responses"]["200"]["content"]
