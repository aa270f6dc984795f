"""The page of a call as a rep uses it: sent on the chat page, opened from its card, read, heard and put right on a phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from actions.crm import own
from actions.crm.records import Recording
from actions.outside.store import Store
from bot.kept_moods import HeardMood, keep_mood
from tests.e2e.program import Program
from tests.e2e.test_chat_page import DESK, PHONE, SCREENSHOTS, browser, open_page
from voice.emotions import Scores
from voice.mood import Felt, Mood, Peak

__all__ = ["browser"]
CALL = Path(__file__).parents[1] / "voice" / "files" / "call_zh.opus"
LISTENS = 240_000
"""Milliseconds until a call of a minute and a half must be heard, on a machine that has much else to do."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program.start(tmp_path_factory.mktemp("home"))
    yield program
    program.stop()


async def the_report(page: Page) -> str:
    """The address of the page, from the card of a call that was sent here."""
    seat = page.locator("#seat-rep")
    await seat.locator("input[type=file]").set_input_files(CALL)
    await seat.locator("button.send").click()
    await seat.get_by_role("button", name="客户在通话里同意了").click()
    link = seat.get_by_role("link", name="打开报告")
    await link.wait_for(timeout=LISTENS)
    path = await link.get_attribute("href")
    assert path is not None
    return path


async def sounded(program: Program) -> None:
    """The customer was angry in the middle of the call: of synthetic voices the model itself says that it cannot tell."""
    store = Store(f"sqlite:///{program.home / 'parley.sqlite'}")
    async with store.write() as tx:
        (call,) = [one for one in await own.find(tx, "recording") if isinstance(one, Recording)]
        assert call.customer_speaker is not None and call.duration_ms is not None
        middle, angry = call.duration_ms / 2000, Scores(0.7, 0.1, 0.1, 0.1)
        felt = Felt(middle - 5, middle + 5, angry, angry, "angry", True, 0.9, False)
        mood = Mood((felt,), (Peak("angry", felt.start, felt.end, middle, 0.8),), True, 0.5, "m")
        await keep_mood(tx, call.id, HeardMood(call.customer_speaker, mood, (0.6,) * 60), call.created_at)
    await store.close()


async def wide(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    too_wide: int = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return too_wide


async def test_a_call_is_read_heard_and_put_right_on_its_page(browser: Browser, program: Program) -> None:
    path = await the_report(await open_page(browser, program, DESK))
    await sounded(program)
    desk = await open_page(browser, program, DESK, query=path.removeprefix("/"))
    await expect(desk.get_by_role("heading", name="全文")).to_be_visible()
    assert await wide(desk) <= 0
    await desk.screenshot(path=SCREENSHOTS / "call-desk.png", full_page=True)

    page = await open_page(browser, program, PHONE, query=path.removeprefix("/"))
    assert await wide(page) <= 0
    await page.screenshot(path=SCREENSHOTS / "call-phone.png", full_page=True)

    # a tap on the curve leads to the words of that second
    bars = page.locator(".wave a")
    await bars.nth(await bars.count() // 2).locator(".hit").click(force=True)
    await expect(page).to_have_url(re.compile(r"#s-\d+$"))
    await expect(page.locator(".sentence:target")).to_be_in_viewport()

    # a sentence plays from its second
    play = page.locator("a.play").nth(3)
    async with page.expect_response(re.compile(r"/sound\?at=")) as heard:
        await play.click()
    answer = await heard.value
    assert answer.status in (200, 206) and answer.headers["content-type"] == "audio/mpeg"
    await expect(page.locator(".player")).to_be_visible()
    await page.locator(".player .shut").click()

    # what was heard wrongly is put right where it stands
    turn = page.locator(".turn").nth(5)
    await turn.get_by_role("link", name="改").click()
    await turn.locator("textarea").fill("报价单我收到了，有两个问题。")
    await turn.get_by_role("button", name="改好").first.click()
    await expect(page.locator(".said")).to_contain_text("改好了")
    await expect(page.locator(".turn").nth(5)).to_contain_text("有两个问题")
    await expect(page.locator(".turn").nth(5)).to_contain_text("已更正")
    assert page.complaints == []  # type: ignore[attr-defined]
    assert all(url.startswith((program.url, "data:")) for url in page.asked)  # type: ignore[attr-defined]


async def test_without_scripts_everything_can_be_read(browser: Browser, program: Program) -> None:
    path = await the_report_again(browser, program)
    context = await browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await page.goto(program.url + path)
    await expect(page.get_by_role("heading", name="摘要")).to_be_visible()
    await expect(page.locator(".sentence").last).to_be_visible()
    assert "/sound?at=" in (await page.locator("a.play").first.get_attribute("href") or "")


async def the_report_again(browser: Browser, program: Program) -> str:
    """Its card stands in the chat."""
    page = await open_page(browser, program, DESK)
    link = page.locator("#seat-rep").get_by_role("link", name="打开报告").last
    await link.wait_for(timeout=LISTENS)
    path = await link.get_attribute("href")
    assert path is not None
    return path
