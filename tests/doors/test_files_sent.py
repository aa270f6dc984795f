"""Papers and invitations arrive as files where people are: in Slack and in WeCom, once each, and only at their reader's."""

from datetime import timedelta

import pytest

from tests.doors.house_with_doors import (
    SLACK_USERS,
    WECOM_USERS,
    HouseWithDoors,
    buttons_of,
    labels_of,
    words_of,
)
from tests.platforms.slack import SCOPES, BrokenAfter

A_WHILE = timedelta(minutes=2)
ASKS = "客户要报价,华康医疗那单"
PREPARE = "准备报价单"


@pytest.fixture
async def doors(doors: HouseWithDoors) -> HouseWithDoors:
    await doors.bind("slack", SLACK_USERS)
    await doors.bind("wecom", WECOM_USERS)
    return doors


def slack_files(doors: HouseWithDoors, room: str) -> list[tuple[str, bytes]]:
    shown = [message.picture for message in doors.slack.seen_in(room) if message.picture]
    return [(one.title, (one.content or b"")[:4]) for one in shown if not one.name.endswith(".png")]


def wecom_files(doors: HouseWithDoors, who: str) -> list[tuple[str, bytes]]:
    return [(shown.file.name, shown.file.content[:4]) for shown in doors.wecom.api.seen_by(who) if shown.file]


async def prepared_in_slack(doors: HouseWithDoors) -> None:
    await doors.slack.say(ASKS)
    await doors.settle(A_WHILE)
    card = next(card for card in doors.slack.seen_in("D0REP") if PREPARE in buttons_of(card))
    await doors.slack.press(card, PREPARE)
    await doors.settle(A_WHILE)


def is_a_quotation(files: list[tuple[str, bytes]]) -> bool:
    pdf, docx = files
    names = [name.rpartition(".")[2] for name, _ in files]
    return names == ["pdf", "docx"] and (pdf[1], docx[1]) == (b"%PDF", b"PK\x03\x04") and "报价单" in pdf[0]


async def test_in_slack_a_quotation_stands_below_its_card_as_pdf_and_docx(doors: HouseWithDoors) -> None:
    await prepared_in_slack(doors)
    assert is_a_quotation(slack_files(doors, "D0REP"))
    assert not any("没有发到这里" in words_of(message) for message in doors.slack.seen_in("D0REP"))
    assert {row.state for row in await doors.sends("slack")} == {"sent"}


async def test_a_500_after_slack_took_a_file_does_not_show_it_twice(doors: HouseWithDoors) -> None:
    await doors.slack.say(ASKS)
    await doors.settle(A_WHILE)
    for _ in range(2):
        doors.slack.platform.fail("files.completeUploadExternal", BrokenAfter(500))
    card = next(card for card in doors.slack.seen_in("D0REP") if PREPARE in buttons_of(card))
    await doors.slack.press(card, PREPARE)
    await doors.settle(A_WHILE)
    assert is_a_quotation(slack_files(doors, "D0REP"))


async def test_in_wecom_a_quotation_follows_its_card_as_pdf_and_docx(doors: HouseWithDoors) -> None:
    await doors.wecom.say(ASKS)
    await doors.settle(A_WHILE)
    card = next(card for card in doors.wecom.cards_of("zhang") if PREPARE in labels_of(card))
    await doors.wecom.press(card, PREPARE)
    await doors.settle(A_WHILE)
    assert is_a_quotation(wecom_files(doors, "zhang"))
    assert {row.state for row in await doors.sends("wecom")} == {"sent"}


async def test_an_app_that_may_not_upload_says_which_files_did_not_go_out(doors: HouseWithDoors) -> None:
    await doors.slack.say(ASKS)
    await doors.settle(A_WHILE)
    card = next(card for card in doors.slack.seen_in("D0REP") if PREPARE in buttons_of(card))
    doors.slack.platform.scopes = SCOPES.replace("files:write,", "")
    await doors.slack.press(card, PREPARE)
    await doors.settle(A_WHILE)
    assert slack_files(doors, "D0REP") == []
    assert sum("文件没有发到这里" in words_of(message) for message in doors.slack.seen_in("D0REP")) == 2
