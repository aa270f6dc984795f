"""The questions written for the embedding model to learn from: well-formed, distinct, and nothing of what judges it."""

import json
from pathlib import Path

import yaml

from retrieval.commands import SAMPLE_SOPS
from retrieval.read import read_folder

DATA = Path(__file__).parents[2] / "retrieval" / "data"
PAIRS = [json.loads(line) for file in sorted(DATA.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
ASKED = {pair["asked"] for pair in PAIRS}


def test_each_line_is_a_question_and_the_passage_that_answers_it() -> None:
    assert all(set(pair) == {"asked", "passage"} for pair in PAIRS)
    assert all(2 <= len(pair["asked"]) <= 150 for pair in PAIRS)
    assert all(20 <= len(pair["passage"]) <= 500 for pair in PAIRS)


def test_no_pair_stands_there_twice() -> None:
    assert len({(pair["asked"], pair["passage"]) for pair in PAIRS}) == len(PAIRS)


def test_what_judges_the_search_was_not_learned() -> None:
    judging = {
        row["ask"]
        for name in ("questions.yaml", "paraphrased.yaml", "unseen.yaml")
        for rows in yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8")).values()
        for row in rows
    }
    assert not judging & ASKED
    samples = {passage.text for passage in read_folder(SAMPLE_SOPS).passages}
    assert not samples & {pair["passage"] for pair in PAIRS}


def test_the_data_card_counts_what_is_there() -> None:
    card = (DATA / "README.md").read_text(encoding="utf-8")
    for file in sorted(DATA.glob("*.jsonl")):
        lines = file.read_text(encoding="utf-8").splitlines()
        passages = {json.loads(line)["passage"] for line in lines}
        assert f"| `{file.stem}` | {len(passages)} | {len(lines)} |" in card
