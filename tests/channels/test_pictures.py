"""Pictures of a reply: looked at before they are shown, named in words where a platform is not sent them."""

from pathlib import Path

import pytest
from rich.console import Console

from bot.channels import slack_render, wechat_render, wecom_render
from bot.channels.pictures import apart, can_be_shown, load, named, picture_of, spelled_out
from bot.channels.terminal import shown
from bot.message import Card, Picture, Reply, reply_from_json, reply_to_json
from retrieval.formats.held import LARGEST_PICTURE

HEADS = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff\xe0",
    "gif": b"GIF89a",
    "webp": b"RIFF\x00\x00\x00\x00WEBP",
}


def kept(folder: Path, content: bytes, name: str = "step.png") -> Picture:
    (folder / name).write_bytes(content)
    return Picture(str(folder / name), "第一步")


def test_a_reply_keeps_its_pictures_through_the_database_and_older_ones_have_none() -> None:
    reply = Reply("看图", "zh", pictures=(Picture("/a.png", "一"), Picture("/b.png", "二")))
    assert reply_from_json(reply_to_json(reply)) == reply
    assert reply_from_json({"text": "旧", "lang": "zh", "card": None}).pictures == ()


@pytest.mark.parametrize("kind", HEADS)
def test_a_picture_is_what_its_bytes_say(kind: str, tmp_path: Path) -> None:
    picture = kept(tmp_path, HEADS[kind] + bytes(40))
    loaded = load(picture)
    assert loaded is not None
    assert (loaded.mime, len(loaded.content)) == (f"image/{kind}", len(HEADS[kind]) + 40)
    assert can_be_shown(picture)


@pytest.mark.parametrize("content", [b"", b"secret words", b"<svg/>", HEADS["png"] + bytes(LARGEST_PICTURE)])
def test_what_is_no_small_picture_is_left_out(content: bytes, tmp_path: Path) -> None:
    picture = kept(tmp_path, content)
    assert load(picture) is None
    assert not can_be_shown(picture)


@pytest.mark.parametrize("path", ["/nowhere/x.png", "", "/tmp", "a\0b", "/dev/zero"])
def test_what_is_no_file_is_left_out(path: str) -> None:
    assert load(Picture(path, "x")) is None
    assert not can_be_shown(Picture(path, "x"))


def test_the_largest_picture_is_taken(tmp_path: Path) -> None:
    picture = kept(tmp_path, HEADS["png"].ljust(LARGEST_PICTURE, b"\0"))
    assert load(picture) is not None
    assert can_be_shown(picture)


def test_a_picture_is_named_in_the_words_that_are_shown() -> None:
    picture = Picture("/a.png", "松开\n两颗螺丝")
    assert named(picture, "zh") == "[图: 松开 两颗螺丝]"
    assert spelled_out(Reply("先关电源", "zh", pictures=(picture,))) == Reply("先关电源\n[图: 松开 两颗螺丝]", "zh")
    card = spelled_out(Reply("t", "en", Card("Steps", ("one",)), (picture,))).card
    assert card is not None
    assert card.lines == ("one", "[picture: 松开 两颗螺丝]")


def test_pictures_that_a_platform_takes_are_pieces_of_their_own_and_nothing_else_is(tmp_path: Path) -> None:
    png, gif = kept(tmp_path, HEADS["png"] + bytes(40)), kept(tmp_path, HEADS["gif"] + bytes(40), "b.gif")
    whole = Reply("看图", "zh", pictures=(png, gif, Picture("/nowhere.png", "没了")))
    assert picture_of(whole) is None
    assert [picture_of(piece) for piece in apart(whole, {"png", "gif"}, 3)] == [png, gif]
    assert [picture_of(piece) for piece in apart(whole, {"gif"}, 3)] == [gif]
    assert [picture_of(piece) for piece in apart(whole, {"png", "gif"}, 1)] == [png]
    assert picture_of(Reply("", "zh", Card("卡片"), (png,))) is None


@pytest.mark.parametrize(("kind", "suffix"), [("png", ".png"), ("jpeg", ".jpg"), ("gif", ".gif"), ("webp", ".webp")])
def test_a_picture_sent_up_is_called_by_what_its_bytes_say(kind: str, suffix: str, tmp_path: Path) -> None:
    loaded = load(kept(tmp_path, HEADS[kind] + bytes(40), "step.doc"))
    assert loaded is not None
    assert loaded.suffix == suffix


@pytest.mark.parametrize("platform", [slack_render, wecom_render, wechat_render])
def test_a_platform_names_the_pictures_at_the_end_of_the_last_piece(platform: object) -> None:
    pictures = (Picture("/a.png", "一"), Picture("/b.png", "二"))
    pieces = platform.split(Reply("很长的一段话。" * 800, "zh", pictures=pictures))  # type: ignore[attr-defined]
    assert len(pieces) > 1
    assert pieces[-1].text.endswith("[图: 一]\n[图: 二]")
    assert not any("[图" in piece.text for piece in pieces[:-1])


def test_the_terminal_says_where_a_picture_lies_and_names_one_that_is_gone(tmp_path: Path) -> None:
    there = kept(tmp_path, HEADS["png"] + bytes(40))
    console = Console(record=True, width=400, quiet=False, file=(tmp_path / "out").open("w"))
    console.print(shown(Reply("看图", "zh", pictures=(there, Picture("/nowhere.png", "二")))))
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    console.file.close()
    assert lines == ["看图", f"[picture: 第一步] {there.path}", "[picture: 二]"]
