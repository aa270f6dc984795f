"""The dispatch page as a manager uses it: a slider shows at once what changes; saved it is a version."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from actions.outside.store import Store
from tests.e2e.program import Program
from tests.e2e.test_chat_page import DESK, PHONE, SCREENSHOTS, browser, open_page
from tests.recordings.called import many_calls, seed

__all__ = ["browser"]
NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program.start(tmp_path_factory.mktemp("home"))
    asyncio.run(_with_calls(program))
    yield program
    program.stop()


async def _with_calls(program: Program) -> None:
    store = Store(f"sqlite:///{program.home / 'parley.sqlite'}")
    await seed(store, many_calls(60, NOON), NOON)
    await store.close()


async def dispatch_page(browser: Browser, program: Program, size: dict[str, int]) -> Page:
    path = httpx.get(f"{program.url}/api/dispatch", params={"person": "E11"}, timeout=60).json()["page"]
    return await open_page(browser, program, size, query=f"{path.removeprefix('/')}?lang=zh")


async def turn(page: Page, path: str, value: str) -> None:
    await page.locator(f'[data-path="{path}"]').evaluate(
        "(one, value) => { one.value = value; one.dispatchEvent(new Event('input')); }", value
    )


async def test_a_slider_shows_at_once_what_changes_and_saved_it_is_a_version(browser: Browser, program: Program) -> None:
    page = await dispatch_page(browser, program, DESK)
    await expect(page.locator(".summary")).to_have_text("最近 60 通都和现在一样")
    await expect(page.locator(".save")).to_be_hidden()
    await turn(page, "anger.above", "0.85")
    await expect(page.locator(".summary")).to_contain_text("通会变")
    assert await page.locator(".outcome > .calls .call.down").count() > 0
    await expect(page.locator(".outcome > .calls .call").first).to_have_class("call down")
    await page.locator(".call button").first.click()
    await expect(page.locator(".call ul li").first).to_be_visible()
    await page.screenshot(path=SCREENSHOTS / "dispatch-desk.png")
    await page.get_by_placeholder("为什么改").fill("少派一点")
    await page.get_by_role("button", name="保存启用").click()
    await expect(page.locator(".versions > li")).to_have_count(2)
    await expect(page.locator(".versions > li.current")).to_contain_text("少派一点")
    await expect(page.locator(".versions > li.current")).to_contain_text("0.60 → 0.85")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="再用这版").click()
    await expect(page.locator(".versions > li")).to_have_count(3)
    await expect(page.locator('[data-path="anger.above"]')).to_have_value("0.6")
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_it_fits_a_phone_and_can_be_taken_back(browser: Browser, program: Program) -> None:
    page = await dispatch_page(browser, program, PHONE)
    await expect(page.locator(".bars section")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await turn(page, "tiers.A", "2")
    await expect(page.locator(".save .brief")).to_contain_text("通升")
    await page.screenshot(path=SCREENSHOTS / "dispatch-phone.png")
    await page.get_by_role("button", name="还原").click()
    await expect(page.locator(".save")).to_be_hidden()
    await expect(page.locator(".summary")).to_have_text("最近 60 通都和现在一样")
    assert page.complaints == []  # type: ignore[attr-defined]
