"""A sealed recording opens to what it was, and to nothing where one bit of it is not as it was sealed."""

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.recordings import sealed
from actions.recordings.sealed import BLOCK, SealBroken, SealedReader, erase, seal, sealed_path, unseal, unseal_into

SECRET = b"a secret of the house, long enough"
HEAD = 24
WHOLE_BLOCK = BLOCK + 16

sizes = st.sampled_from([0, 1, 15, 4096, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7, 3 * BLOCK])


def sealed_bytes(content: bytes, name: str = "REC-1", secret: bytes = SECRET) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        plain, target = Path(folder, "plain"), Path(folder, "s")
        plain.write_bytes(content)
        seal(plain, target, secret, name)
        return target.read_bytes()


def opened(content: bytes, name: str = "REC-1", secret: bytes = SECRET) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "s")
        target.write_bytes(content)
        return b"".join(unseal(target, secret, name))


@given(size=sizes)
@settings(max_examples=20)
def test_what_is_sealed_opens_to_the_same_bytes(size: int) -> None:
    content = os.urandom(size)
    assert opened(sealed_bytes(content)) == content


def test_two_seals_of_the_same_bytes_have_nothing_in_common() -> None:
    first, second = sealed_bytes(b"the same words" * 10), sealed_bytes(b"the same words" * 10)
    assert first[HEAD:] != second[HEAD:]
    assert b"the same words" not in first


@given(size=sizes, where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=30)
def test_one_changed_bit_is_refused(size: int, where: float, bit: int) -> None:
    whole = bytearray(sealed_bytes(bytes(size)))
    whole[int(where * len(whole))] ^= 1 << bit
    with pytest.raises(SealBroken):
        opened(bytes(whole))


@given(size=sizes, keeps=st.floats(0, 1, exclude_max=True))
@settings(max_examples=30)
def test_a_file_that_was_cut_is_refused(size: int, keeps: float) -> None:
    whole = sealed_bytes(bytes(size))
    with pytest.raises(SealBroken):
        opened(whole[: int(keeps * len(whole))])


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_file_that_was_cut_between_two_blocks_is_refused(blocks: int) -> None:
    whole = sealed_bytes(os.urandom(3 * BLOCK))
    with pytest.raises(SealBroken):
        opened(whole[: HEAD + blocks * WHOLE_BLOCK])


def _blocks(whole: bytes) -> list[bytes]:
    return [whole[at : at + WHOLE_BLOCK] for at in range(HEAD, len(whole), WHOLE_BLOCK)]


@pytest.mark.parametrize(
    "change",
    [
        lambda blocks: [blocks[1], blocks[0], blocks[2]],
        lambda blocks: [blocks[0], blocks[2]],
        lambda blocks: [blocks[0], blocks[0], blocks[1], blocks[2]],
        lambda blocks: [*blocks, blocks[2]],
    ],
    ids=["swapped", "left out", "doubled", "added to"],
)
def test_blocks_that_do_not_stand_where_they_were_are_refused(change: Callable[[list[bytes]], list[bytes]]) -> None:
    whole = sealed_bytes(os.urandom(3 * BLOCK))
    with pytest.raises(SealBroken):
        opened(whole[:HEAD] + b"".join(change(_blocks(whole))))


def test_a_block_of_another_file_is_refused() -> None:
    one, other = sealed_bytes(os.urandom(2 * BLOCK)), sealed_bytes(os.urandom(2 * BLOCK))
    with pytest.raises(SealBroken):
        opened(one[:HEAD] + _blocks(one)[0] + _blocks(other)[1])


def test_another_secret_and_another_recording_are_refused() -> None:
    whole = sealed_bytes(b"words")
    with pytest.raises(SealBroken):
        opened(whole, secret=b"another secret of another house...")
    with pytest.raises(SealBroken):
        opened(whole, name="REC-2")


def test_anything_else_is_no_sealed_recording() -> None:
    with pytest.raises(SealBroken):
        opened(b"RIFF....WAVE")


def test_memory_stays_flat(tmp_path: Path) -> None:
    """One block at a time: what is read at once does not grow with the file."""
    plain, target = tmp_path / "plain", tmp_path / "s"
    plain.write_bytes(bytes(5 * BLOCK))
    seal(plain, target, SECRET, "REC-1")
    assert [len(block) for block in unseal(target, SECRET, "REC-1")] == [BLOCK] * 5


def test_nothing_is_left_of_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    target = tmp_path / "s"
    target.write_bytes(sealed_bytes(os.urandom(2 * BLOCK))[:-1])
    with pytest.raises(SealBroken):
        unseal_into(target, tmp_path / "open" / "plain", SECRET, "REC-1")
    assert list((tmp_path / "open").iterdir()) == []


def test_files_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"words")
    target = sealed_path(tmp_path, "REC-1")
    seal(plain, target, SECRET, "REC-1")
    unseal_into(target, tmp_path / "open", SECRET, "REC-1")
    assert {path.stat().st_mode & 0o777 for path in (target, tmp_path / "open")} == {0o600}


def test_what_is_erased_is_gone(tmp_path: Path) -> None:
    target = sealed_path(tmp_path, "REC-1")
    target.parent.mkdir()
    target.write_bytes(sealed_bytes(b"words"))
    assert erase(tmp_path, "REC-1")
    assert not target.exists()
    assert not sealed.erase(tmp_path, "REC-1")


@given(size=sizes, reads=st.lists(st.tuples(st.floats(0, 1.1), st.integers(0, 2 * BLOCK)), max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_part_is_read_where_it_lies(size: int, reads: list[tuple[float, int]]) -> None:
    content = os.urandom(size)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "s")
        target.write_bytes(sealed_bytes(content))
        with io.BufferedReader(SealedReader(target, SECRET, "REC-1")) as reader:
            assert reader.seek(0, os.SEEK_END) == size
            for where, length in reads:
                at = int(where * size)
                reader.seek(at)
                assert reader.read(length) == content[at : at + length]


@pytest.mark.parametrize("cut", [1, 16, WHOLE_BLOCK, WHOLE_BLOCK + 1, 2 * WHOLE_BLOCK, 2 * WHOLE_BLOCK + HEAD + 7])
def test_a_file_that_was_cut_is_not_even_opened_for_reading(tmp_path: Path, cut: int) -> None:
    target = tmp_path / "s"
    whole = sealed_bytes(bytes(2 * BLOCK + 7))
    target.write_bytes(whole[:-cut])
    with pytest.raises(SealBroken):
        SealedReader(target, SECRET, "REC-1")


def test_a_block_that_was_changed_is_refused_when_it_is_read(tmp_path: Path) -> None:
    target = tmp_path / "s"
    whole = bytearray(sealed_bytes(bytes(3 * BLOCK)))
    whole[HEAD + WHOLE_BLOCK + 5] ^= 1
    target.write_bytes(whole)
    with SealedReader(target, SECRET, "REC-1") as reader:
        assert reader.read(10) == bytes(10)
        reader.seek(BLOCK + 1)
        with pytest.raises(SealBroken):
            reader.read(10)


@pytest.mark.parametrize(("name", "secret"), [("REC-2", SECRET), ("REC-1", b"another secret, as long as it is")])
def test_another_secret_or_another_recording_opens_nothing(tmp_path: Path, name: str, secret: bytes) -> None:
    target = tmp_path / "s"
    target.write_bytes(sealed_bytes(b"words"))
    with pytest.raises(SealBroken):
        SealedReader(target, secret, name)
