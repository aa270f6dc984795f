"""What the reader makes of a folder: passages with their source, and a reason for every file it leaves out."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sop_documents import document

from retrieval.formats.bad import BadDocumentError
from retrieval.read import LARGEST_FILE, Stated, fingerprint, read_document, read_folder
from retrieval.sections import LONGEST_PIECE

WriteDocument = Callable[..., Path]

ONE_SECTION = "# Sample\n\n## Returns\n<!-- intents: service.refund, service.cancel -->\nSend it back.\n"


def test_a_section_becomes_a_passage_that_knows_where_it_stands(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("service/returns.en.md", ONE_SECTION, id="returns", version="1.10")

    [passage] = read_folder(tmp_path).passages

    assert passage.document == "returns"
    assert (passage.title, passage.section, passage.text) == ("Sample", "Returns", "Send it back.")
    assert passage.intents == {"service.refund", "service.cancel"}
    assert passage.audience == {"rep", "manager"}
    assert (passage.version, passage.date, passage.owner) == ("1.10", date(2026, 1, 31), "Tester")
    assert passage.source == "service/returns.en.md"
    lines = (tmp_path / passage.source).read_text().splitlines()
    assert lines[passage.line - 1] == "Send it back."


def test_the_id_changes_with_the_words_and_only_with_them() -> None:
    [first] = read_document(document("Send it back.").encode(), "a.md")
    [moved] = read_document(document("\n\nSend it back.").encode(), "b.md")
    [changed] = read_document(document("Send it away.").encode(), "a.md")

    assert first.id == moved.id
    assert first.id != changed.id


def test_text_before_the_first_heading_carries_the_title_of_the_document() -> None:
    [passage] = read_document(document("# Sample\nRead me first.").encode(), "a.md")

    assert passage.section == "Sample"


def test_a_long_section_is_cut_between_steps() -> None:
    steps = [f"{number}. Step {number} is done by the service desk within {number} hours." for number in range(1, 60)]

    passages = read_document(document("## Long\n" + "\n".join(steps)).encode(), "a.md")

    assert len(passages) > 1
    assert all(len(passage.text) <= LONGEST_PIECE for passage in passages)
    assert [line for passage in passages for line in passage.text.split("\n")] == steps


@pytest.mark.parametrize(
    "sentence", ["这一步由服务经理在两小时内完成。", "The manager signs version 2.5 within 2 hours, e.g. by phone. "]
)
def test_a_long_paragraph_is_cut_between_sentences(sentence: str) -> None:
    passages = read_document(document("## Long\n" + sentence * 100).encode(), "a.md")

    assert len(passages) > 1
    assert all(passage.text.endswith(sentence.strip()) for passage in passages)
    assert sum(passage.text.count(sentence.strip()) for passage in passages) == 100


def test_each_piece_of_a_long_section_knows_its_own_line() -> None:
    source = document("## Long\n" + "\n\n".join(f"Paragraph {number}: " + "text " * 60 for number in range(12)))

    passages = read_document(source.encode(), "a.md")

    lines = source.split("\n")
    assert len(passages) > 1
    assert all(lines[passage.line - 1].strip() == passage.text.split("\n")[0] for passage in passages)


def test_each_piece_of_a_long_paragraph_knows_its_own_line() -> None:
    source = document("## Long\n" + "\n".join(f"Line {number} goes\non and\non, {'word ' * 9}here." for number in range(60)))

    passages = read_document(source.encode(), "a.md")

    lines = source.split("\n")
    assert len(passages) > 1
    assert all(lines[passage.line - 1] == passage.text.split("\n")[0] for passage in passages)


def test_a_heading_inside_a_code_block_is_text() -> None:
    [passage] = read_document(document("## Shell\n```\n## not a heading\n```\n").encode(), "a.md")

    assert "## not a heading" in passage.text


def test_a_comment_of_the_author_is_not_part_of_the_text() -> None:
    [passage] = read_document(document("## Returns\n<!-- ask legal again in May -->\nSend it back.").encode(), "a.md")

    assert passage.text == "Send it back."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("---\nid: a\n", "no closing line"),
        ("---\n[: :\n---\nText", "not valid YAML"),
        ("---\n" + "[" * 3000 + "\n---\nText", "not valid YAML"),
        ("---\n- a\n---\nText", "not a list of fields"),
        ("---\nid: " + "a" * 5000 + "\n---\nText", "longer than"),
        (document("Text", owner=""), "lacks the field owner"),
        (document("Text", version="[1, 2]"), "lacks the field version"),
        (document("Text", id="../secret"), "id may only have"),
        (document("Text", lang="fr"), "lang must be one of: en, zh"),
        (document("Text", valid_from="2026-02-30"), "not a date"),
        (document("Text", valid_from="next spring"), "not a date"),
        (document("Text", audience="[]"), "audience must list"),
        (document("Text", audience="everyone"), "audience must list"),
        (document("Text", audience="[rep, costumer]"), "audience must list"),
        (document("## Section\n<!-- intents: refund please -->\nText"), "malformed list of intents"),
        (document("## Nothing but a heading"), "no text"),
        (document("a" * 10_000), "without a sentence end"),
        (document("Text\x00"), "control characters"),
        (document("Text \x9b31m"), "control characters"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_with_the_reason(content: str, reason: str) -> None:
    with pytest.raises(BadDocumentError, match=reason):
        read_document(content.encode(), "a.md")


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-8-sig"])
def test_chinese_text_is_read_in_the_encodings_that_people_use(encoding: str) -> None:
    words = (
        "退貨流程:客戶在三天內提出申請,由客服經理審核,七天內退款。"
        if encoding == "big5"
        else "退货流程:客户三天内提出,由客服经理审核。"
    )

    [passage] = read_document(document(words).encode(encoding), "a.md")

    assert passage.text == words


def test_bytes_that_are_text_in_no_encoding_are_refused_with_what_to_do() -> None:
    with pytest.raises(BadDocumentError, match="save it as UTF-8"):
        read_document(document("returns").encode() + b"\xff\xfe\x81", "a.md")


def test_a_document_without_front_matter_is_called_by_its_heading_and_kept_from_customers() -> None:
    [passage] = read_document(
        "# 退货流程\n三天内提出。".encode(), "service/退货.md", Stated(date(2026, 3, 1), owner="客服经理")
    )

    assert (passage.title, passage.lang, passage.owner, passage.date) == ("退货流程", "zh", "客服经理", date(2026, 3, 1))
    assert passage.audience == {"rep", "manager"}
    assert read_document(b"Send it back.", "service/How to return.md")[0].document == "service-how-to-return"


def test_a_version_that_ended_says_so() -> None:
    [passage] = read_document(document("Text.", valid_to="2026-05-31").encode(), "a.md")

    assert passage.valid_to == date(2026, 5, 31)


def test_a_long_table_keeps_its_heading_in_every_part() -> None:
    rows = [f"| model {number} | {number * 100} CNY | {number} months of warranty |" for number in range(80)]
    passages = read_document("\n".join(["| a | b | c |", "|---|---|---|", *rows]).encode(), "a.md")

    assert len(passages) > 1
    assert all(passage.text.startswith("| a | b | c |\n|---|---|---|\n") for passage in passages)
    assert [line for passage in passages for line in passage.text.split("\n")[2:]] == rows
    assert all(len(passage.text) <= LONGEST_PIECE for passage in passages)


def test_a_passage_knows_its_page() -> None:
    content = b"<!-- page: 1 -->\n## One\nFirst.\n<!-- page: 2 -->\nStill the first.\n## Two\nSecond.\n"

    assert [(passage.section, passage.page) for passage in read_document(content, "a.md")] == [("One", 1), ("Two", 2)]


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_files_from_other_systems_read_the_same(line_end: str) -> None:
    content = document(ONE_SECTION)

    assert read_document(b"\xef\xbb\xbf" + content.replace("\n", line_end).encode(), "a.md") == read_document(
        content.encode(), "a.md"
    )


def test_one_bad_file_does_not_keep_the_others_out(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("good.md", ONE_SECTION)
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe\x00")

    reading = read_folder(tmp_path)

    assert [passage.source for passage in reading.passages] == ["good.md"]
    [problem] = reading.problems
    assert problem.startswith("bad.md: skipped, it is not UTF-8")


def test_two_files_cannot_be_the_same_document_in_the_same_language(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("a.md", ONE_SECTION, id="returns")
    write_document("b.md", "Something else.", id="returns")
    write_document("c.md", "另一种语言。", id="returns", lang="zh")

    reading = read_folder(tmp_path)

    assert {passage.source for passage in reading.passages} == {"a.md", "c.md"}
    assert reading.problems == ("b.md: skipped, its id returns (en), version 1.0, is already that of a.md.",)


def test_links_that_lead_out_of_the_folder_are_refused(write_document: WriteDocument, tmp_path: Path) -> None:
    outside = write_document("outside/secret.md", ONE_SECTION)
    folder = tmp_path / "sops"
    folder.mkdir()
    (folder / "file.md").symlink_to(outside)
    (folder / "folder").symlink_to(outside.parent, target_is_directory=True)

    reading = read_folder(folder)

    assert reading.passages == ()
    assert reading.problems == (
        "file.md: skipped, it is a link that leads out of the folder.",
        "folder: skipped, it is a link that leads out of the folder.",
    )


def test_a_link_within_the_folder_is_the_same_document_twice(write_document: WriteDocument, tmp_path: Path) -> None:
    (tmp_path / "b.md").symlink_to(write_document("a.md", ONE_SECTION))

    assert read_folder(tmp_path).problems == ("b.md: skipped, it is the same as a.md.",)


def test_what_is_no_ordinary_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")

    assert read_folder(tmp_path).problems == ("pipe.md: skipped, it is not an ordinary file.",)


def test_a_broken_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone.md").symlink_to(tmp_path / "nothing.md")

    assert read_folder(tmp_path).problems == ("gone.md: skipped, it cannot be opened (No such file or directory).",)


def test_huge_files_are_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.md").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)

    assert read_folder(tmp_path).problems == ("huge.md: skipped, it is larger than 50 MB.",)


def test_a_file_name_that_is_not_text_is_refused_and_told_printably(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.md")).write_text(document("Text"))

    assert read_folder(tmp_path).problems == ("??.md: skipped, its file name is not valid UTF-8.",)


def test_hidden_files_and_other_kinds_of_file_are_left_alone(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document(".git/notes.md", ONE_SECTION)
    write_document(".draft.md", ONE_SECTION)
    (tmp_path / "plan.png").write_bytes(b"PNG")

    reading = read_folder(tmp_path)

    assert (reading.passages, reading.problems) == ((), ())


def test_a_folder_that_does_not_exist_is_an_error_and_not_an_empty_library(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="does not exist"):
        read_folder(tmp_path / "nowhere")


def test_the_fingerprint_of_a_vanished_folder_is_empty(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "nowhere") == {}


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    _read_or_refuse(content)


@given(st.text(max_size=200), st.text(max_size=400))
def test_no_front_matter_and_no_body_break_the_reader(front: str, body: str) -> None:
    _read_or_refuse(f"---\n{front}\n---\n{body}".encode(errors="replace"))


_markdown = st.lists(
    st.sampled_from(
        ["# A", "## B", "### C#", "<!-- intents: data.x -->", "<!--", "-->", "```", "- ", "1. ", "\n", " ", "|", "。", "? "]
    )
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)
    | st.integers(1, 900).map(lambda length: "字" * length)
).map("\n".join)


@given(_markdown)
def test_nothing_that_is_text_is_lost_or_repeated(body: str) -> None:
    passages = _read_or_refuse(document(body).encode())

    visible = [line for line in body.split("\n") if not _is_heading_or_comment(line)]
    if passages is not None and "```" not in body:
        assert _packed("".join(passage.text for passage in passages)) == _packed("".join(visible))


def _read_or_refuse(content: bytes) -> list[object] | None:
    try:
        return list(read_document(content, "a.md"))
    except BadDocumentError as refused:
        assert str(refused)
        return None


def _is_heading_or_comment(line: str) -> bool:
    line = line.rstrip()
    level = len(line) - len(line.lstrip("#"))
    is_heading = 1 <= level <= 6 and line[level : level + 1] in {" ", "\t"} and bool(line[level:].strip(" \t"))
    return is_heading or (line.strip().startswith("<!--") and line.strip().endswith("-->"))


def _packed(text: str) -> str:
    return "".join(text.split())
