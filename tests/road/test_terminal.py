"""The terminal shows a reply whole, numbers its buttons, and is not steered by what people wrote."""

import io
import unicodedata
from datetime import timedelta
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from bot.channels.terminal import TerminalChannel, shown
from bot.message import Address, Attachment, Button, Card, Reply

HERE = Address("terminal", "E01")
CARD = Card(
    title="改金额",
    lines=("华康医疗 ICU 监护", "第二行"),
    facts=(("原来", "48万"), ("改为", "60万")),
    quote="超过五十万的,由第二个人确认。",
    source="审批规定 2.1",
    note="24 小时内有效",
    buttons=(Button("yes", "确认", "primary"), Button("no", "取消", "danger")),
)


def printed(*replies: Reply) -> str:
    """What is on a screen of 100 columns."""
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    for reply in replies:
        console.print(shown(reply))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_reply_without_a_card_is_its_text() -> None:
    assert printed(Reply("好的", "zh")) == "好的\n"


def test_everything_that_a_card_holds_is_on_the_screen() -> None:
    screen = printed(Reply("改金额", "zh", CARD))
    told = [CARD.title, *CARD.lines, *(word for fact in CARD.facts for word in fact), CARD.quote, CARD.source, CARD.note]
    assert [words for words in told if words and words not in screen] == []


def test_buttons_are_numbered_in_their_order() -> None:
    assert "1 确认   2 取消" in printed(Reply("改金额", "zh", CARD))


def test_words_that_look_like_markup_are_shown_as_they_stand() -> None:
    hostile = "[bold red]x[/bold red] [link=http://other.example]y[/link] [/]"
    assert hostile in printed(Reply(hostile, "zh"))
    assert hostile in printed(Reply("", "zh", Card(title="t", lines=(hostile,))))
    assert hostile in printed(Reply("", "zh", Card(title=hostile)))


@given(st.text(st.characters(), max_size=80))
@example("\x1b]0;another title\x07\x1b[2J")
@example("\x9b2J")
@example("\x07\x08\r\x0b\x7f")
def test_nothing_that_people_write_steers_the_terminal(words: str) -> None:
    hostile = Card(
        title=words, lines=(words,), facts=((words, words),), quote=words, note=words, buttons=(Button("b", words),)
    )
    screen = printed(Reply(words, "zh"), Reply(words, "zh", hostile))
    assert [c for c in screen if unicodedata.category(c) == "Cc" and c not in "\n\t"] == []


async def test_what_is_sent_is_printed_and_told_of() -> None:
    told: list[str] = []
    console = Console(file=io.StringIO(), width=100)
    channel = TerminalChannel(console, lambda: told.append("printed"))
    sent = await channel.send("k1", HERE, Reply("好的", "zh"))
    assert sent.ref == "k1"
    assert told == ["printed"]
    assert isinstance(console.file, io.StringIO) and console.file.getvalue() == "好的\n"


async def test_a_card_that_changed_is_printed_anew_below() -> None:
    console = Console(file=io.StringIO(), width=100)
    channel = TerminalChannel(console)
    await channel.send("k1", HERE, Reply("等确认", "zh"))
    await channel.redraw("k2", HERE, "k1", Reply("已确认", "zh"))
    assert isinstance(console.file, io.StringIO) and console.file.getvalue() == "等确认\n已确认\n"


async def test_what_was_under_way_when_the_process_died_is_printed_again() -> None:
    assert await TerminalChannel().find("k1", HERE, Reply("", "zh")) is None


async def test_a_file_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    here = Attachment("file", str(tmp_path / "a.txt"))
    assert await TerminalChannel().fetch(here, tmp_path / "other", 10) == tmp_path / "a.txt"


def test_a_terminal_takes_replies_of_any_length_at_any_pace() -> None:
    channel = TerminalChannel()
    long = Reply("长" * 100_000, "zh")
    assert channel.split(long) == (long,)
    assert channel.pace.every == timedelta(0)
    assert channel.router() is None
