"""Files that people send are kept under harmless names, within the limit, and whole or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.files import LARGEST, LARGEST_RECORDING, FileTooLarge, is_recording, keep, kind_of, limit_for, place_for

ANY_NAME = st.one_of(st.text(st.characters(), max_size=300), st.text("./\\ \x00a文𠀀", max_size=300))


@dataclass
class Upload:
    """An upload that arrives in these pieces; `breaks` when they are used up."""

    pieces: Iterable[bytes] = ()
    filename: str | None = "a.txt"
    content_type: str | None = "text/plain"
    breaks: bool = False
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = iter(self.pieces)

    async def read(self, size: int) -> bytes:
        self.asked.append(size)
        piece = next(self._left, b"")
        if self.breaks and not piece:
            raise ConnectionError("the sender hung up")
        return piece


def left_in(home: Path) -> list[Path]:
    return list(home.rglob("*"))


# --- where a file goes -------------------------------------------------------------------------------------------------


@given(key=st.text(st.characters(exclude_categories=["Cs"])), name=ANY_NAME)
@example(key="k", name="../../etc/passwd")
@example(key="k", name="..")
@example(key="k", name="x" + "." * 80)
@example(key="k", name="𠀀" * 80)
@example(key="k", name="\ud83d")
def test_whatever_its_name_a_file_stays_in_the_folder_of_its_message(key: str, name: str) -> None:
    home = Path("/home/of/parley")
    path = place_for(home, key, name)
    assert path.parent.parent == home / "files"
    assert path.resolve() == path
    assert not path.name.startswith(".")
    assert 0 < len(path.name.encode()) <= 255


@given(name=ANY_NAME)
def test_a_file_can_be_written_where_it_belongs(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = place_for(tmp_path_factory.getbasetemp(), "k", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    path.unlink()


def test_the_same_message_puts_its_file_in_the_same_place_again(tmp_path: Path) -> None:
    assert place_for(tmp_path, "k1", "a.txt") == place_for(tmp_path, "k1", "a.txt")
    assert place_for(tmp_path, "k1", "a.txt") != place_for(tmp_path, "k2", "a.txt")


def test_a_name_keeps_its_words_and_its_ending(tmp_path: Path) -> None:
    assert place_for(tmp_path, "k", "合同 v2 (终稿).pdf").name == "合同_v2_终稿_.pdf"
    assert place_for(tmp_path, "k", "长" * 300 + ".pdf").name.endswith("长.pdf")


@pytest.mark.parametrize("name", ["", ".", "..", "/", "...", "../"])
def test_a_file_without_a_name_is_called_file(tmp_path: Path, name: str) -> None:
    assert place_for(tmp_path, "k", name).name == "file"


# --- what it is ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mime, name, kind",
    [
        ("audio/amr", "", "voice"),
        ("", "REC.AMR", "voice"),
        ("image/png", "", "image"),
        ("", "photo.jpeg", "image"),
        ("video/mp4", "", "video"),
        ("application/pdf", "a.pdf", "file"),
        ("", "", "file"),
    ],
)
def test_the_kind_of_a_file_follows_from_its_type_else_its_ending(mime: str, name: str, kind: str) -> None:
    assert kind_of(mime, name) == kind


@pytest.mark.parametrize(
    "kind, name, limit",
    [
        ("voice", "", LARGEST_RECORDING),
        ("video", "a.mp4", LARGEST_RECORDING),
        ("file", "call.M4A", LARGEST_RECORDING),
        ("file", "a.pdf", LARGEST),
        ("image", "a.png", LARGEST),
    ],
)
def test_recordings_may_be_larger_also_where_the_platform_calls_them_files(kind: str, name: str, limit: int) -> None:
    assert limit_for(kind, name) == limit
    assert is_recording(kind, name) == (limit == LARGEST_RECORDING)


@given(mime=st.text(), name=ANY_NAME)
def test_every_file_is_of_some_kind(mime: str, name: str) -> None:
    assert kind_of(mime, name) in ("voice", "image", "video", "file")


# --- keeping it ----------------------------------------------------------------------------------------------------------


async def test_a_file_is_kept_whole(tmp_path: Path) -> None:
    kept = await keep(tmp_path, "k", Upload([b"ab", b"", b"never asked for"]))
    assert Path(kept.ref).read_bytes() == b"ab"
    assert (kept.kind, kept.name, kept.mime, kept.size) == ("file", "a.txt", "text/plain", 2)


async def test_an_upload_that_tells_nothing_is_a_file(tmp_path: Path) -> None:
    kept = await keep(tmp_path, "k", Upload([b"a"], filename=None, content_type=None))
    assert (kept.kind, kept.name, kept.mime) == ("file", "file", "")


async def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    upload = Upload([b"a" * 10] * 3)
    await keep(tmp_path, "k", upload)
    assert len(upload.asked) == 4
    assert max(upload.asked) <= 1024 * 1024


async def test_a_file_of_just_the_limit_is_kept(tmp_path: Path) -> None:
    piece = bytes(1024 * 1024)
    kept = await keep(tmp_path, "k", Upload(piece for _ in range(LARGEST // len(piece))))
    assert kept.size == LARGEST == Path(kept.ref).stat().st_size


async def test_a_file_over_the_limit_is_refused_in_both_languages_and_leaves_nothing(tmp_path: Path) -> None:
    piece = bytes(LARGEST // 4 + 1)
    upload = Upload((piece for _ in range(400)), filename="大.bin")
    with pytest.raises(FileTooLarge) as refusal:
        await keep(tmp_path, "k", upload)
    assert "大.bin 超过 50 MB" in refusal.value.sentence
    assert "over 50 MB" in refusal.value.sentence
    assert "大" not in str(refusal.value)
    assert len(upload.asked) == 4
    assert [path for path in left_in(tmp_path) if path.is_file()] == []


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        await keep(tmp_path, "k", Upload([b"half of it"], breaks=True))
    assert [path for path in left_in(tmp_path) if path.is_file()] == []
