"""Training an encoder from end to end, small: tune, export, read, gate, roll back, and go on where it was cut off."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
from typer.testing import CliRunner

from intents.commands import intents_cli
from intents.dictionary import load_dictionary
from intents.encoder import LONGEST, Encoder
from intents.model import load_model
from intents.tags import ROLE_TOKENS
from intents.training.corpus import Utterance, read_folder
from intents.training.export import export
from intents.training.joint import Joint, load_base
from intents.training.pretraining.vocabulary import SPECIAL, build_tokenizer
from intents.training.train import train
from intents.training.tune import Recipe, tune, tuner
from intents.understand import Reader
from intents.understanding import Candidate

PACKAGE = Path(__file__).parents[2] / "intents"
DICTIONARY = PACKAGE / "dictionary.yaml"
FEW = ("objection.price", "crm.set_reminder", "chat.greeting", "out_of_scope")
QUICK = Recipe(epochs=3, batch=16, rate=2e-3)
NOON = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few intents of four shipped voices, names marked."""
    folder = tmp_path_factory.mktemp("data")
    for voice in ("v1_private_domain", "v2_industrial", "v4_formal", "v8_young"):
        lines = [json.loads(line) for line in (PACKAGE / "data" / f"{voice}.jsonl").read_text(encoding="utf-8").splitlines()]
        kept = [{**line, "all_marked": True} for line in lines if line["intent"] in FEW]
        (folder / f"{voice}.jsonl").write_text("\n".join(json.dumps(line) for line in kept), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def base(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder that knows nothing, saved as transformers saves one."""
    folder = tmp_path_factory.mktemp("base")
    said = "".join(one.text for one in read_folder(data, load_dictionary(DICTIONARY).intents)).lower()
    letters = sorted({char for char in said if not char.isspace()})
    ascii_pieces = [f"##{char}" for char in letters if char.isascii()]
    tokenizer = build_tokenizer([*SPECIAL, *ROLE_TOKENS.values(), *letters, *ascii_pieces])
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=96,
    )
    BertModel(config).save_pretrained(folder)
    _fast(tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "model"
    train(data, out, DICTIONARY, seed=1, tuner=tuner(base, out.with_name(".work"), QUICK))
    return out


def test_a_tuned_model_reads_with_both_votes_and_without_torch(trained: Path) -> None:
    reader = Reader.load(trained, DICTIONARY)
    assert reader.understand("明天上午提醒我给客户打电话", sent_at=NOON).intent == "crm.set_reminder"
    facts = json.loads((trained / "model.json").read_text(encoding="utf-8"))
    assert facts["version"].startswith("jury-")
    assert set(facts["vote"]) == {"encoder", "grams"}
    assert facts["scores"]["test, role unknown"]["accuracy"] > 0.7
    assert not trained.with_name(".work").exists()


def test_the_small_file_reads_as_the_network_does(data: Path, base: Path, tmp_path: Path) -> None:
    spoken = _utterances(data)
    model, tokenizer = tune(spoken, FEW, base, QUICK, 1, tmp_path / "work")
    export(model, tokenizer, tmp_path, tmp_path / "whole")
    encoder = Encoder.load(tmp_path)
    exact = Encoder.load(tmp_path / "whole")
    for one in spoken[:40]:
        read = encoder.read(one.text, one.role)
        numbers = [tokenizer.convert_tokens_to_ids(ROLE_TOKENS[str(one.role)])]
        said = tokenizer(one.text)["input_ids"]
        told = torch.tensor([[said[0], *numbers, *said[1:]]])
        with torch.inference_mode():
            whole = model(told, torch.ones_like(told))[0][0].numpy()
        if told.shape[1] <= LONGEST:  # of a longer text the running copilot reads both ends
            assert np.allclose(exact.read(one.text, one.role).main, whole, atol=1e-3)
        assert int(read.main.argmax()) == int(whole.argmax()) or np.sort(whole)[-1] - np.sort(whole)[-2] < 0.5
        assert float(np.linalg.norm(read.vector)) == pytest.approx(1, abs=1e-3)


def test_texts_read_together_are_read_alike(trained: Path) -> None:
    encoder = Encoder.load(trained)
    texts = ["太贵了", "good morning", "提醒我明天给华康打电话,别忘了"]
    together = encoder.read_many(texts, [None, "rep", "customer"])
    for text, role, one in zip(texts, [None, "rep", "customer"], together, strict=True):
        assert int(one.main.argmax()) == int(encoder.read(text, role).main.argmax())


def test_a_training_that_is_cut_off_goes_on_where_it_stopped(data: Path, base: Path, tmp_path: Path) -> None:
    spoken = _utterances(data)[:160]
    whole, _ = tune(spoken, FEW, base, QUICK, 1, tmp_path / "whole")

    def cut(epochs: Sequence[int]) -> Iterator[int]:
        for epoch in epochs:
            if epoch == 2:
                raise KeyboardInterrupt
            yield epoch

    with pytest.raises(KeyboardInterrupt):
        tune(spoken, FEW, base, QUICK, 1, tmp_path / "cut", cut)
    seen: list[int] = []

    def watched(epochs: Sequence[int]) -> Iterator[int]:
        for epoch in epochs:
            seen.append(epoch)
            yield epoch

    resumed, _ = tune(spoken, FEW, base, QUICK, 1, tmp_path / "cut", watched)
    assert seen == [2]
    assert [tuple(p.shape) for p in resumed.parameters()] == [tuple(p.shape) for p in whole.parameters()]


def test_the_command_tunes_any_saved_encoder_refuses_a_worse_one_and_rolls_back(
    trained: Path, data: Path, base: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    asked = ["train", "--data", str(data), "--out", str(out), "--base", str(base), "--epochs", "1", "--seed", "1"]
    first = CliRunner().invoke(intents_cli, asked)
    assert first.exit_code == 0, first.output
    version = load_model(out).version
    worse = tmp_path / "worse"
    worse.mkdir()
    facts = json.loads((out / "model.json").read_text(encoding="utf-8"))
    for file in data.glob("*.jsonl"):
        lines = file.read_text(encoding="utf-8").splitlines()
        is_judging = file.stem not in facts["voices"]["train"]
        kept = [line for line in lines if is_judging or json.loads(line)["intent"] in FEW[:2]]
        (worse / file.name).write_text("\n".join(kept), encoding="utf-8")
    asked[2] = str(worse)
    refused = CliRunner().invoke(intents_cli, asked)
    assert refused.exit_code == 1
    assert "the model there stays" in refused.output
    assert load_model(out).version == version
    assert CliRunner().invoke(intents_cli, [*asked, "--even-if-worse"]).exit_code == 0
    assert load_model(out).version != version
    assert CliRunner().invoke(intents_cli, ["rollback", "--model", str(out)]).exit_code == 0
    assert load_model(out).version == version


def test_a_base_that_is_none_is_one_clear_line(data: Path, tmp_path: Path) -> None:
    asked = ["train", "--data", str(data), "--out", str(tmp_path / "model"), "--base", str(tmp_path / "nothing")]
    told = CliRunner().invoke(intents_cli, asked)
    assert told.exit_code == 1
    assert "transformers can load no encoder from here" in told.output
    assert not (tmp_path / "model").exists()


def test_a_base_without_tokens_for_the_roles_gets_them(base: Path, tmp_path: Path) -> None:
    said = sorted({*"abc", *"价格"})
    tokenizer = build_tokenizer([*SPECIAL, *ROLE_TOKENS.values(), *said])
    plain = Tokenizer.from_str(tokenizer.to_str().replace("[REP]", "[rep]"))
    _fast(plain, roles=()).save_pretrained(tmp_path)
    config = BertConfig(vocab_size=plain.get_vocab_size(), hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    BertModel(config).save_pretrained(tmp_path)
    encoder, grown = load_base(tmp_path)
    number = grown.convert_tokens_to_ids("[REP]")
    assert number != grown.unk_token_id
    assert Joint(encoder, 3)(torch.tensor([[number]]), torch.ones(1, 1, dtype=torch.long))[0].shape == (1, 3)


def _utterances(data: Path) -> list[Utterance]:
    return read_folder(data, load_dictionary(DICTIONARY).intents)


def _fast(tokenizer: Tokenizer, roles: Sequence[str] = tuple(ROLE_TOKENS.values())) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        additional_special_tokens=list(roles),
    )


def test_a_candidate_is_told_with_its_chance(trained: Path) -> None:
    first = Reader.load(trained, DICTIONARY).candidates("太贵了,能便宜点吗")[0]
    assert isinstance(first, Candidate)
    assert first.intent == "objection.price"
