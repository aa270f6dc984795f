"""The chat page as a visitor uses it: Debian's Chromium against the real program, on a desk and on a phone."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.e2e.program import Program

SCREENSHOTS = Path(__file__).parent / "screenshots"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
# headless and quiet: the browser must ask nobody but our own server
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program.start(tmp_path_factory.mktemp("home"))
    yield program
    program.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("chromium is missing: install Debian's package chromium (apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


async def open_page(browser: Browser, program: Program, size: dict[str, int], lang: str = "zh-CN", query: str = "") -> Page:
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, locale=lang, permissions=["microphone"]
    )
    page = await context.new_page()
    page.set_default_timeout(30_000)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    await page.goto(program.url + "/" + query)
    page.asked, page.complaints = asked, complaints  # type: ignore[attr-defined]
    return page


async def say(page: Page, seat: str, text: str) -> None:
    field = page.locator(f"#seat-{seat} textarea")
    await field.fill(text)
    await field.press("Enter")
    await expect(field).to_have_value("")


def last(page: Page, seat: str) -> Locator:
    return page.locator(f"#lines-{seat} .line.bot").last


async def test_a_rep_a_manager_and_a_customer_talk_side_by_side(browser: Browser, program: Program) -> None:
    page = await open_page(browser, program, DESK)

    await say(page, "rep", "客户说再考虑一下,华康医疗那单")
    await expect(last(page, "rep")).to_contain_text("华康医疗")
    await say(page, "rep", "把那单金额改成60万")
    await expect(last(page, "rep")).to_contain_text("48万 → 60万")
    card = page.locator("#lines-manager .line.bot", has_text="48万 → 60万")
    await page.screenshot(path=SCREENSHOTS / "desk-asked.png")
    await card.get_by_role("button", name="确认").click()

    await expect(card.get_by_role("button", name="确认")).to_have_count(0)
    await expect(last(page, "rep")).to_contain_text("✓")
    await page.screenshot(path=SCREENSHOTS / "desk-confirmed.png")
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_an_escalation_is_seen_arriving_in_the_managers_group_and_taken_there(
    browser: Browser, program: Program
) -> None:
    page = await open_page(browser, program, DESK)

    await say(page, "customer", "你们服务太差了,我要投诉")
    await expect(last(page, "customer")).to_contain_text("工单")
    card = page.locator("#lines-manager .line.bot", has_text="你们服务太差了").first
    await card.get_by_role("button").first.click()

    await expect(card).to_contain_text("在处理")
    await expect(card.get_by_role("button")).to_have_count(0)
    await page.screenshot(path=SCREENSHOTS / "desk-escalation.png")


async def test_on_a_phone_one_person_at_a_time_and_a_dot_tells_of_news(browser: Browser, program: Program) -> None:
    page = await open_page(browser, program, PHONE)
    await expect(page.locator("#seat-manager")).to_be_hidden()
    await expect(page.locator("#lines-manager[data-opened]")).to_have_count(1)

    await page.get_by_role("tab", name=re.compile("客户")).click()
    await say(page, "customer", "系统登不上去了")
    await expect(last(page, "customer")).to_contain_text("工单")
    await page.screenshot(path=SCREENSHOTS / "phone-customer.png")
    await expect(page.locator("[data-tab=manager] .unread")).to_be_visible()
    await page.get_by_role("tab", name=re.compile("经理")).click()
    await expect(page.locator("#lines-manager")).to_contain_text("系统登不上去了")
    await page.screenshot(path=SCREENSHOTS / "phone-manager.png")
    width = await page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


async def test_english_is_answered_in_english(browser: Browser, program: Program) -> None:
    page = await open_page(browser, program, DESK, lang="en-GB", query="?rep=E08")

    await say(page, "rep", "help")

    await expect(last(page, "rep")).to_contain_text("undo")
    await expect(page.locator("#seat-rep")).to_contain_text("Sales rep")
    await page.screenshot(path=SCREENSHOTS / "desk-english.png")


async def test_files_and_recordings_are_taken_and_said_to_be_kept(
    browser: Browser, program: Program, tmp_path: Path
) -> None:
    page = await open_page(browser, program, DESK)
    file = tmp_path / "价格表.xlsx"
    file.write_bytes(b"not really a workbook")

    await page.locator("#seat-rep input[type=file]").set_input_files(file)
    await expect(page.locator("#seat-rep .chosen")).to_contain_text("价格表.xlsx")
    await page.locator("#seat-rep .send").click()
    await expect(last(page, "rep")).to_contain_text("价格表.xlsx 收好了，但打不开")
    microphone = page.locator("#seat-rep .mic")
    await microphone.click()
    await expect(microphone).to_have_class(re.compile("on"))
    await microphone.click()

    # heard as words, or not made out, as it may be: no basis is asked for one's own voice
    await expect(last(page, "rep")).to_contain_text(re.compile("这段语音我没听清|听到"), timeout=60_000)


async def test_what_people_write_is_shown_as_text_and_nobody_else_is_asked(browser: Browser, program: Program) -> None:
    page = await open_page(browser, program, DESK)

    await say(page, "rep", "<img src=x onerror=alert(1)><b>粗</b> 帮助我")

    await expect(page.locator("#lines-rep .line.mine").last).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(page.locator("#lines-rep img")).to_have_count(0)
    strangers = [url for url in page.asked if not url.startswith((program.url, "data:"))]  # type: ignore[attr-defined]
    assert strangers == []


async def test_a_reload_shows_the_conversation_once_and_cards_in_their_last_state(
    browser: Browser, program: Program
) -> None:
    page = await open_page(browser, program, DESK)
    await say(page, "rep", "谢谢")
    await expect(page.locator("#lines-rep .line.mine").last).to_contain_text("谢谢")
    await expect(page.locator("#lines-rep .line.mine + .line.bot").last).to_be_visible()
    await expect(page.locator("#lines-rep .line").last).to_have_class(re.compile("bot"))
    before = await page.locator("#lines-rep .line").count()

    await page.reload()

    await expect(page.locator("#lines-rep .line")).to_have_count(before)
