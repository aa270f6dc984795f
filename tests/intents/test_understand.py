"""The reader reads the dictionary's own examples, offers runners-up, and survives whatever is typed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.dictionary import Intent, load_dictionary
from intents.names import KnownName, Names
from intents.understand import Reader
from intents.understanding import Understanding
from tests.intents.conftest import DICTIONARY, PACKAGE, WEDNESDAY_MORNING


def understand(reader: Reader, text: str, role: str | None = None) -> Understanding:
    return reader.understand(text, role=role, sent_at=WEDNESDAY_MORNING)


@pytest.mark.parametrize(("lang", "example"), [("zh", lambda intent: intent.zh), ("en", lambda intent: intent.en)])
def test_the_shipped_model_reads_the_examples_of_the_dictionary(
    reader: Reader, lang: str, example: Callable[[Intent], str]
) -> None:
    intents = load_dictionary(DICTIONARY).intents.values()
    read = [(intent.id, understand(reader, example(intent))) for intent in intents]
    assert all(understanding.lang == lang for _, understanding in read)
    assert sum(understanding.intent == intent for intent, understanding in read) >= 60


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("帮我pull一下Lumen Games的account history", "zh"),
        ("PO刚收到,Hansa 380k", "zh"),
        ("pull up 华康医疗 please, the whole account", "en"),
        ('the client wrote "再考虑一下" and nothing else', "en"),
        ("...", "en"),
        ("？", "zh"),
        ("", "zh"),
    ],
)
def test_the_reply_language_follows_the_sentence_and_not_the_names_in_it(reader: Reader, text: str, lang: str) -> None:
    assert understand(reader, text).lang == lang


def test_runners_up_are_the_next_likeliest_and_two_to_four(reader: Reader) -> None:
    understanding = understand(reader, "你们这个价格和别家比怎么样")
    chances = [understanding.confidence, *(candidate.confidence for candidate in understanding.alternatives)]
    assert chances == sorted(chances, reverse=True)
    assert 2 <= len(understanding.alternatives) <= 4
    assert understanding.intent not in {candidate.intent for candidate in understanding.alternatives}


def test_a_second_thing_said_beside_the_first_is_heard(reader: Reader) -> None:
    understanding = understand(reader, "太贵了,而且预算也冻结了")
    assert {understanding.intent, *(candidate.intent for candidate in understanding.also)} <= {
        "objection.price",
        "objection.budget_freeze",
    }


def test_a_steering_word_comes_with_its_usual_intent(reader: Reader) -> None:
    understanding = understand(reader, "确认")
    assert (understanding.control, understanding.intent, understanding.sure) == ("yes", "approval.confirm", True)


def test_a_number_is_a_choice_and_nothing_that_the_model_could_be_sure_of(reader: Reader) -> None:
    understanding = understand(reader, "2")
    assert (understanding.control, understanding.number, understanding.sure) == ("choice", 2, False)


def test_known_names_come_back_as_slots(reader: Reader) -> None:
    names = Names([KnownName("company", "华康医疗科技有限公司")])
    understanding = reader.understand("查一下华康的情况", sent_at=WEDNESDAY_MORNING, names=names)
    assert [(slot.type, slot.text, slot.value) for slot in understanding.slots] == [
        ("company", "华康", "华康医疗科技有限公司")
    ]


@pytest.mark.parametrize("text", ["", "   ", "🍕🍕🍕", "。。。", "\x00\x07", "\ud800", "x", "\u200b\u200d"])
def test_where_nothing_is_said_nothing_is_understood(reader: Reader, text: str) -> None:
    understanding = understand(reader, text)
    assert (understanding.text, understanding.intent, understanding.sure) == (text, "out_of_scope", False)
    assert understanding.slots == ()


@pytest.mark.parametrize("piece", ["x", "十", "1", " ", "“", "客户说", "Aa ", "@a.", "路1"])
def test_a_flood_is_cut_and_read(reader: Reader, piece: str) -> None:
    text = piece * (200_000 // len(piece))
    understanding = understand(reader, text)
    assert understanding.text == text
    assert all(slot.start + len(slot.text) <= 4_000 for slot in understanding.slots)


@given(
    text=st.text(alphabet=st.characters(), max_size=200),
    role=st.sampled_from([None, "rep", "customer", "manager", "nobody"]),
)
def test_any_text_by_anyone_is_understood_somehow(reader: Reader, text: str, role: str | None) -> None:
    understanding = understand(reader, text, role)
    assert 0 <= understanding.confidence <= 1
    assert understanding.intent in reader.labels


def test_a_model_that_speaks_of_unknown_intents_is_refused(tmp_path: Path) -> None:
    smaller = tmp_path / "dictionary.yaml"
    lines = DICTIONARY.read_text(encoding="utf-8").splitlines()
    smaller.write_text("\n".join(line for line in lines if "crm.analyse_call:" not in line), encoding="utf-8")
    with pytest.raises(ValueError, match=r"does not fit the dictionary .*crm\.analyse_call"):
        Reader.load(PACKAGE / "model", smaller)


@pytest.mark.parametrize("damage", ["missing", "no facts", "half a file", "not a model"])
def test_a_damaged_model_is_refused_in_a_sentence(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    if damage != "missing":
        shutil.copytree(PACKAGE / "model", folder)
    if damage == "no facts":
        (folder / "model.json").write_text("{}", encoding="utf-8")
    if damage == "half a file":
        (folder / "weights.npz").write_bytes((folder / "weights.npz").read_bytes()[:100_000])
    if damage == "not a model":
        (folder / "weights.npz").write_bytes(b"weights")
    with pytest.raises(ValueError, match="no intent model can be loaded"):
        Reader.load(folder, DICTIONARY)


@pytest.mark.parametrize("text", ["帮我查一下Acme", "Acme最近怎么样"])
def test_a_question_about_a_company_of_the_house_is_not_small_talk(reader: Reader, text: str) -> None:
    names = Names([KnownName("company", "Acme Medical Ltd")])
    assert reader.understand(text, role="rep", sent_at=WEDNESDAY_MORNING, names=names).intent == "crm.lookup_customer"
    assert reader.understand("今天天气怎么样", role="rep", sent_at=WEDNESDAY_MORNING, names=names).intent == "out_of_scope"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("华康医疗说太贵了", "objection.price"),
        ("华康王总说今年没预算", "objection.budget_freeze"),
        ("Northwind Labs said let me think about it", "objection.stall"),
        ("华康医疗那单推进到谈判", "crm.update_stage"),
    ],
)
def test_what_a_company_of_the_house_says_is_read_as_a_customers_words(reader: Reader, text: str, intent: str) -> None:
    companies = Names([KnownName("company", name) for name in ("华康医疗科技有限公司", "Northwind Labs Inc.")])
    read = reader.understand(text, role="rep", sent_at=WEDNESDAY_MORNING, names=companies)
    assert (read.intent, read.sure) == (intent, True)


MAIL_ZH = """林经理,您好:

上周的技术交流收获很大,感谢贵司几位工程师远道而来。生产部对灌装线的换型速度印象很深。

关于安装位置,我们已经按您给的图纸把二车间东侧腾出来了,水电接口的位置也做了标记,照片附在后面。

另外跟您同步一个情况:集团刚开完经营会,要求各子公司下半年非生产必需的投资一律先停,什么时候放开要等通知。我们这边也只能照办。

培训资料如果方便的话请再发一份电子版,之前那份打印件字太小。食堂那天的菜大家也一直在夸。"""
MAIL_EN = """Dear Anna,

Thank you for the workshop last Tuesday. The team liked the scheduling module, and Peter has shared the recording.

I should mention that our group CFO has asked every site to hold all capital projects until the new fiscal year, so nothing
can be signed on our side for the time being. I know this is not what you hoped to hear.

On another note, could you send me the slides again? The link in your mail has expired.

Best regards,
Thomas"""
MAIL_WITHOUT = """Hi Mark, thanks for the samples, they arrived this morning and look great. Our lab will run the usual tests
this week and I will send you the protocol once it is ready. We are quite keen on the blue variant. Please also confirm
the delivery window for the second batch, ideally before the 14th. The warehouse is closed on the 15th. Best, Jo"""


@pytest.mark.parametrize(("mail", "words"), [(MAIL_ZH, "非生产必需的投资一律先停"), (MAIL_EN, "hold all capital projects")])
@pytest.mark.parametrize("role", ["customer", "rep", None])
def test_a_frozen_budget_in_the_middle_of_a_long_mail_is_found_with_its_sentence(
    reader: Reader, mail: str, words: str, role: str | None
) -> None:
    read = reader.understand(mail, role=role, sent_at=WEDNESDAY_MORNING)
    assert "objection.budget_freeze" in (read.intent, *(one.intent for one in read.also))
    assert words in read.evidence
    assert read.evidence in mail
    assert "\n\n" not in read.evidence


def test_a_long_mail_about_other_things_shows_no_frozen_budget(reader: Reader) -> None:
    read = reader.understand(MAIL_WITHOUT, role="customer", sent_at=WEDNESDAY_MORNING)
    assert read.evidence == ""
    assert "objection.budget_freeze" not in (read.intent, *(one.intent for one in read.also))


def test_a_short_text_is_read_whole_and_needs_no_sentence_to_point_at(reader: Reader) -> None:
    read = reader.understand("今年预算被冻结了", role="customer", sent_at=WEDNESDAY_MORNING)
    assert (read.intent, read.evidence) == ("objection.budget_freeze", "")


@pytest.mark.parametrize(
    "text",
    ["华康医疗那单", "\u202e华康医疗\u202c \u200f那单", "那单", "这个客户", "that deal", "the Acme deal", "这个项目?"],
)
def test_pointing_at_a_deal_without_a_word_about_it_is_never_sure(reader: Reader, text: str) -> None:
    names = Names([KnownName("company", "华康医疗"), KnownName("company", "Acme")])
    assert not reader.understand(text, role="rep", sent_at=WEDNESDAY_MORNING, names=names).sure


@pytest.mark.parametrize("text", ["华康医疗那单丢了", "查一下华康医疗", "mark the Acme deal lost", "那单签了"])
def test_a_word_about_it_is_enough(reader: Reader, text: str) -> None:
    names = Names([KnownName("company", "华康医疗"), KnownName("company", "Acme")])
    assert reader.understand(text, role="rep", sent_at=WEDNESDAY_MORNING, names=names).sure
