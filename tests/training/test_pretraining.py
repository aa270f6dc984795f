"""Pretraining from end to end, small: from a teacher and a few lines to an encoder that transformers can load."""

import gzip
import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from intents.tags import ROLE_TOKENS
from intents.training.corpus import Utterance
from intents.training.joint import load_base
from intents.training.pretraining.pretrain import Recipe, earlier, hide, new_encoder, pretrain, save, taught
from intents.training.pretraining.text import chinese_lines, english_lines, pairs_of
from intents.training.pretraining.transfer import glosses
from intents.training.pretraining.vocabulary import MASK

LINES = ["我们再考虑一下这个价格", "价格太贵了,能便宜点吗", "明天提醒我打电话给客户"] * 8
ENGLISH = ["let me think about the price", "remind me to call the client tomorrow"] * 8
SHORT = Recipe(steps=4, lines=4, sayings=4, warmup=1, kept_every=2)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder of English letters and words, saved as a MiniLM is."""
    folder = tmp_path_factory.mktemp("teacher")
    words = sorted({word for line in ENGLISH for word in line.split()} | {"expensive", "cheap", "of", "i"})
    letters = [chr(code) for code in range(33, 127)]
    tokens = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), *words])
    tokenizer = Tokenizer(WordPiece({token: number for number, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    shape = BertConfig(
        vocab_size=len(tokens), hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48
    )
    BertModel(shape).save_pretrained(folder)
    return folder


def test_an_encoder_grows_out_of_the_teacher_and_goes_on_where_it_was_cut_off(teacher: Path, tmp_path: Path) -> None:
    simple_of = {"價": "价", "貴": "贵"}
    encoder, tokenizer = new_encoder(teacher, LINES, ENGLISH, [*LINES, *ENGLISH], simple_of, 1)
    vocabulary = tokenizer.get_vocab()
    rows = encoder.embeddings.word_embeddings.weight.detach()
    assert torch.equal(rows[vocabulary["價"]], rows[vocabulary["价"]])
    known = json.loads((teacher / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    old = BertModel.from_pretrained(teacher).embeddings.word_embeddings.weight.detach()
    assert torch.equal(rows[vocabulary["remind"]], old[known["remind"]])
    targets = taught(teacher, ENGLISH)
    assert targets.shape == (len(ENGLISH), 24)
    told: list[str] = []
    pretrain(encoder, tokenizer, LINES, ENGLISH, targets, SHORT, tmp_path, told.append)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["done"] == 4
    resumed, again = new_encoder(teacher, LINES, ENGLISH, [*LINES, *ENGLISH], simple_of, 1)
    pretrain(resumed, again, LINES, ENGLISH, targets, SHORT, tmp_path, told.append)
    assert torch.equal(resumed.embeddings.word_embeddings.weight, encoder.embeddings.word_embeddings.weight)
    save(resumed, again, tmp_path / "base", simple_of, {"steps": 4})
    loaded, fast = load_base(tmp_path / "base")
    assert fast.convert_tokens_to_ids(ROLE_TOKENS["rep"]) != fast.unk_token_id
    assert fast("價格")["input_ids"][1] != fast.unk_token_id
    assert loaded.config.vocab_size == len(vocabulary)
    onward, same = earlier(tmp_path / "base")
    assert same.get_vocab() == vocabulary
    assert torch.allclose(onward.embeddings.word_embeddings.weight, resumed.embeddings.word_embeddings.weight, atol=1e-3)


def test_hidden_tokens_are_asked_for_and_special_ones_never(teacher: Path) -> None:
    _, tokenizer = new_encoder(teacher, LINES, ENGLISH, LINES, {}, 1)
    numbers = torch.tensor([tokenizer.encode(LINES[0]).ids] * 64)
    seen, truth = hide(numbers, 0.5, tokenizer, torch.Generator().manual_seed(1))
    is_asked = truth != -100
    assert 0.3 < float(is_asked[:, 1:-1].float().mean()) < 0.7
    assert not is_asked[:, 0].any()
    assert not is_asked[:, -1].any()
    assert torch.equal(seen[~is_asked], numbers[~is_asked])
    assert (seen[is_asked] == tokenizer.token_to_id(MASK)).float().mean() > 0.6


def test_text_is_read_in_pieces_from_the_folders_of_the_data_sets(tmp_path: Path) -> None:
    chinese, english = tmp_path / "pretrain_zh", tmp_path / "banking77"
    chinese.mkdir()
    english.mkdir()
    with gzip.open(chinese / "A_talk.txt.gz", "wt", encoding="utf-8") as file:
        file.write("你好。\n\n" + "这句话不短。" * 40)
    with gzip.open(english / "train.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({"text": "where is my card?"}) + "\n" + json.dumps({"turns": [["a", "hi there"]]}))
    pieces = chinese_lines(chinese, 1)
    assert pieces[0] == "你好。"
    assert "".join(pieces[1:]) == "这句话不短。" * 40
    assert max(map(len, pieces)) <= 128
    assert english_lines(tmp_path) == ["where is my card?", "hi there"]


def test_a_pair_has_its_chinese_side_first_whichever_was_said_again() -> None:
    def said(text: str, lang: str, of: str | None) -> Utterance:
        return Utterance(text, lang, None, "objection.stall", (), "a", "a:1", of=of)

    pairs = pairs_of([said("再想想", "zh", "let me think"), said("too dear", "en", "太贵"), said("alone", "en", None)])
    assert [(pair.chinese, pair.english) for pair in pairs] == [("再想想", "let me think"), ("太贵", "too dear")]


def test_every_gloss_is_of_one_chinese_character() -> None:
    assert all(len(character) == 1 and "\u4e00" <= character <= "\u9fff" for character in glosses())
