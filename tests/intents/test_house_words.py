"""How a company talks: its words and names, from a file that people write who do not program."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.house_words import NOTHING, read_house_words
from intents.names import KnownName, Names
from intents.understand import Reader
from tests.intents.conftest import WEDNESDAY_MORNING

FILE = """
words:
  打烊单: 丢掉的单子
  dead duck: lost deal
customers:
  华康医疗: [老华, 华仔]
competitors:
  瀚林软件: 绿家
people:
  王建国: [王大炮]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "words.yaml"
    file.write_text(FILE, encoding="utf-8")
    return file


@pytest.fixture
def names(file: Path) -> Names:
    words = read_house_words(file)
    return Names(words.names, words.plain)


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert read_house_words(tmp_path / "words.yaml") == NOTHING


@pytest.mark.parametrize(
    "said, plain",
    [
        ("那个打烊单怎么回事", "那个丢掉的单子怎么回事"),
        ("Dead duck, sadly", "lost deal, sadly"),
        ("deadducks", "deadducks"),
        ("dead ducks", "dead ducks"),
        ("绿家报得比我们低", "瀚林软件报得比我们低"),
        ("老华回话了", "老华回话了"),
    ],
)
def test_a_house_word_is_put_plainly_and_a_name_stays(names: Names, said: str, plain: str) -> None:
    assert names.in_plain_words(said) == plain


def test_a_nickname_is_found_as_the_customer_it_stands_for(names: Names) -> None:
    assert [(one.kind, one.values) for one in names.find("华仔和王大炮吃饭")] == [
        ("company", ("华康医疗",)),
        ("person", ("王建国",)),
    ]


def test_a_house_word_changes_what_is_understood_and_not_the_slots_of_the_text(reader: Reader, names: Names) -> None:
    text = "老华那单打烊了,50万"
    words = Names((KnownName("company", "华康医疗", ("老华",)),), {"打烊了": "丢单了,客户选了别家"})
    before = reader.understand(text, role="rep", sent_at=WEDNESDAY_MORNING)
    now = reader.understand(text, role="rep", sent_at=WEDNESDAY_MORNING, names=words)
    assert before.plain is None
    assert now.intent == "status.lost"
    assert now.plain == "老华那单丢单了,客户选了别家,50万"
    assert [(slot.type, slot.text, slot.start) for slot in now.slots] == [("company", "老华", 0), ("amount", "50万", 8)]


@given(st.text(max_size=40))
def test_without_house_words_a_text_stays_as_it_is(text: str) -> None:
    assert Names(()).in_plain_words(text) == text


@given(st.text(max_size=40))
def test_with_house_words_any_text_is_read(text: str) -> None:
    plain = Names((), {"打烊单": "丢单", "ss": "x"}).in_plain_words(text)
    assert "打烊单" not in plain


@pytest.mark.parametrize(
    "content, told",
    [
        ("words:\n  a: [b\n", "line 3"),
        ("words: 打烊单", "`words` must hold lines"),
        ("word:\n  打烊单: 丢单\n", "there is no section 'word'"),
        ("words:\n  打烊单:\n", "needs its meaning"),
        ("words:\n  单: 丢单\n", "two characters or more"),
        ("customers:\n  华康:\n", "what people call it"),
        ("customers:\n  华康: [{a: b}]\n", "what people call it"),
        ("- a\n- b\n", "it needs sections"),
        ("\x00", "this is not YAML"),
    ],
)
def test_a_fault_is_told_with_the_file_and_in_words(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"words\.yaml") as fault:
        read_house_words(file)
    assert told in str(fault.value)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_bytes("words:\n  打烊单: 丢单\n".encode("gbk"))
    with pytest.raises(ValueError, match="cannot be read"):
        read_house_words(file)
