"""The tokens of the encoder: Chinese characters, English word pieces of the teacher, digits, signs and emoji."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing

from intents.tags import ROLE_TOKENS

PAD, UNKNOWN, START, END, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

HAN = range(0x3400, 0xA000)
SEEN_IN_TEXT = 12
"""Times a Chinese character must occur in the unlabelled text; in the utterances twice is enough."""
SEEN_IN_UTTERANCES = 2
LONGEST_WORD = 40


def choose_tokens(
    lines: Iterable[str], utterances: Sequence[str], teacher: Tokenizer, simple_of: Mapping[str, str], most: int
) -> list[str]:
    """Return at most `most` tokens, specials first.

    `simple_of` maps traditional characters to simplified ones; a traditional character is a token where its simplified
    form is one, as both will share their meaning. What room is left goes to the commonest English pieces.
    """
    text, spoken = Counter("".join(lines)), Counter("".join(utterances).lower())
    plain = {c for c, n in text.items() if ord(c) in HAN and n >= SEEN_IN_TEXT}
    plain |= {c for c, n in spoken.items() if ord(c) in HAN and n >= SEEN_IN_UTTERANCES}
    plain = {simple_of.get(c, c) for c in plain}
    traditional = {t for t, s in simple_of.items() if s in plain}
    signs = {c for c, n in (text + spoken).items() if n >= 3 and ord(c) not in HAN and not c.isascii() and not c.isspace()}
    signs -= {c for c in signs if c.isalpha() and not _is_kana(c)}
    known = teacher.get_vocab()
    always = [piece for piece in known if len(piece.removeprefix("##")) == 1 and piece.isascii()]
    chosen = [*SPECIAL, *ROLE_TOKENS.values(), *sorted({*plain, *traditional, *signs, *always})]
    pieces: Counter[str] = Counter()
    for line in [*utterances, *utterances, *lines]:
        pieces.update(teacher.encode(line, add_special_tokens=False).tokens)
    seen = set(chosen)
    common = [p for p, _ in pieces.most_common() if p.isascii() and p not in seen and not p.startswith("[")]
    return (chosen + common)[:most]


def build_tokenizer(tokens: Sequence[str]) -> Tokenizer:
    """Return a word-piece tokenizer over the tokens: width and case folded, each Chinese character a word."""
    tokenizer = Tokenizer(
        WordPiece(
            {token: number for number, token in enumerate(tokens)}, unk_token=UNKNOWN, max_input_chars_per_word=LONGEST_WORD
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens([*SPECIAL, *ROLE_TOKENS.values()])
    tokenizer.post_processor = TemplateProcessing(
        single=f"{START} $A {END}",
        pair=f"{START} $A {END} $B {END}",
        special_tokens=[(START, tokens.index(START)), (END, tokens.index(END))],
    )
    return tokenizer


def _is_kana(char: str) -> bool:
    return 0x3040 <= ord(char) < 0x3100
