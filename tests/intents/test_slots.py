"""Slots: each type is found in Chinese and English, at its place, with its value; corrections overrule."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.names import KnownName, Names
from intents.slots import find_slots
from intents.understanding import Slot
from intents.wordlist import words
from tests.intents.conftest import WEDNESDAY_MORNING

NAMES = Names(
    [KnownName("company", "华康医疗科技有限公司"), KnownName("company", "华康食品有限公司"), KnownName("product", "X200")]
)


def found(text: str, names: Names = NAMES) -> tuple[Slot, ...]:
    return find_slots(text, WEDNESDAY_MORNING, names)


def values(text: str, kind: str) -> list[object]:
    return [slot.value for slot in found(text) if slot.type == kind]


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("预计60万", 600_000, "CNY"),
        ("about 80k", 80_000, "CNY"),
        ("¥3,500.50", 3500.5, "CNY"),
        ("1.2亿美元", 120_000_000, "USD"),
        ("600k USD", 600_000, "USD"),
        ("50 thousand", 50_000, "CNY"),
        ("总价三万八", 38_000, "CNY"),
        ("一百二十万人民币", 1_200_000, "CNY"),
        ("$1.5m", 1_500_000, "USD"),
        ("1.5 million dollars", 1_500_000, "USD"),
        ("€2,000", 2_000, "EUR"),
        ("金额改成600000", 600_000, "CNY"),
        ("budget is 50000", 50_000, "CNY"),
        ("20w够吗", 200_000, "CNY"),
        ("三百块", 300, "CNY"),
    ],
)
def test_amounts(text: str, amount: float, currency: str) -> None:
    assert values(text, "amount") == [{"amount": amount, "currency": currency}]


@pytest.mark.parametrize(
    "text", ["10k users", "5万人", "十万只", "2027年", "3个月", "电话13900002222", "两块白板", "9折", "15个点"]
)
def test_counts_of_other_things_are_no_amounts(text: str) -> None:
    assert values(text, "amount") == []


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("打八五折", 15),
        ("9折", 10),
        ("8.5折行吗", 15),
        ("15%", 15),
        ("再让15个点", 15),
        ("三个点", 3),
        ("fifteen percent", 15),
        ("百分之二十", 20),
        ("half off", 50),
        ("对折", 50),
    ],
)
def test_percents(text: str, percent: float) -> None:
    assert values(text, "percent") == [percent]


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("三十套多少钱", "30套"),
        ("要50台", "50台"),
        ("quote for 50 seats", "50 seats"),
        ("5万人", "50000人"),
        ("1,000 units", "1000 units"),
    ],
)
def test_quantities(text: str, quantity: str) -> None:
    assert values(text, "quantity") == [quantity]


def test_a_lone_classifier_counts_nothing() -> None:
    assert values("新建一个线索", "quantity") == []


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("电话13800001111", "+8613800001111"),
        ("座机021-58886666", "+862158886666"),
        ("call +44 20 7946 0958", "+442079460958"),
        ("ｔｅｌ：１３８００００１１１１", "+8613800001111"),
    ],
)
def test_phones_are_e164_and_chinese_without_a_country_code(text: str, phone: str) -> None:
    assert values(text, "phone") == [phone]


def test_a_sum_is_no_phone_and_an_american_number_is_not_taken_for_a_chinese_one() -> None:
    assert values("金额13900002222元", "phone") == []
    assert values("orders 559-555-0142", "phone") == []


def test_emails_and_tax_ids() -> None:
    assert values("邮箱是Li.Min@Hua-Kang.com.cn,谢谢", "email") == ["li.min@hua-kang.com.cn"]
    assert values("税号91110000600037341L", "tax_id") == ["91110000600037341L"]
    assert values("税号911100006000373410", "tax_id") == []
    assert values("VAT number DE136695976", "tax_id") == ["DE136695976"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("公司地址换了,现在在浦东张江路88号", "浦东张江路88号"),
        ("寄到上海市浦东新区张江路88弄3号楼502室", "上海市浦东新区张江路88弄3号楼502室"),
        ("we moved, our new address is 12 Harbour Street", "12 Harbour Street"),
        ("send it to 18 Elm Court, Dayton please", "18 Elm Court, Dayton"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert values(text, "address") == [address]


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("把华康那单推进到谈判阶段", "negotiation"),
        ("move Acme to negotiation", "negotiation"),
        ("标记为赢单", "won"),
        ("阶段改成方案报价", "proposal"),
        ("mark it as closed lost", "lost"),
        ("set the stage to qualified", "qualified"),
        ("退回初步接触", "lead"),
    ],
)
def test_stages_have_six_canonical_names(text: str, stage: str) -> None:
    assert values(text, "stage") == [stage]


@pytest.mark.parametrize("text", ["发份方案给我看看", "先给我报个价", "add a new lead", "新建一个线索"])
def test_everyday_words_are_no_stages(text: str) -> None:
    assert values(text, "stage") == []


def test_unknown_companies_and_people_are_told_by_their_cues() -> None:
    assert [(slot.type, slot.value) for slot in found("新建一个线索,海川科技王总")] == [
        ("company", "海川科技"),
        ("person", "王总"),
    ]
    assert [(slot.type, slot.value) for slot in found("add a new lead, Jane from Initech")] == [
        ("person", "Jane"),
        ("company", "Initech"),
    ]
    assert values("给海川建个商机,预计80万", "company") == ["海川"]
    assert values("采购联系人换成李敏了,电话13800001111", "person") == ["李敏"]
    assert values("assign this lead to Tom", "person") == ["Tom"]
    assert values("the buyer is Meppel Tools BV", "company") == ["Meppel Tools BV"]


@pytest.mark.parametrize("text", ["周总结一下", "你们公司怎么样", "我的支付信息删掉", "隔壁酒店拿的是六折", "安装师傅迟到"])
def test_words_that_only_look_like_names_are_none(text: str) -> None:
    assert values(text, "company") + values(text, "person") == []


def test_a_known_company_has_its_canonical_name_and_an_unclear_one_keeps_the_mention() -> None:
    assert values("华康医疗那单", "company") == ["华康医疗科技有限公司"]
    assert values("华康那单", "company") == ["华康"]
    assert values("三十套X200", "product") == ["X200"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("电话13800001111,不对,是13900002222", "phone", "+8613900002222"),
        ("deal is 50k, no wait, make it 60k", "amount", {"amount": 60_000, "currency": "CNY"}),
        ("金额从50万改成60万", "amount", {"amount": 600_000, "currency": "CNY"}),
        ("change the value from 500k to 600k", "amount", {"amount": 600_000, "currency": "CNY"}),
        ("是9.9万不是99万", "amount", {"amount": 99_000, "currency": "CNY"}),
        ("tomorrow, sorry, I mean Friday", "date", "2026-11-27"),
    ],
)
def test_a_correction_wins_over_what_it_corrects(text: str, kind: str, value: object) -> None:
    assert values(text, kind) == [value]


def test_two_values_that_do_not_correct_each_other_both_stay() -> None:
    assert len(values("电话13800001111或者13900002222", "phone")) == 2


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        find_slots("明天", WEDNESDAY_MORNING.replace(tzinfo=None), NAMES)


def is_right(slot: Slot) -> bool:
    """Whether the value has the form that its type promises."""
    match slot.value:
        case {"amount": int() | float() as amount, "currency": str(currency)}:
            return slot.type == "amount" and Decimal(str(amount)) >= 0 and len(currency) == 3
        case int() | float():
            return slot.type == "percent"
        case str(text) if slot.type == "date":
            return bool(datetime.fromisoformat(text).tzinfo if "T" in text else date.fromisoformat(text))
        case str(text) if slot.type == "duration":
            return text.startswith("P")
        case str(text) if slot.type == "phone":
            return text.startswith("+")
        case str(text):
            return bool(text)
    return False


PIECES = (
    *words("华康 王总 不对 是 改成 60万 ¥3,500.50 八五折 15% 下周三下午3点 月底前 48小时后 Q3 三天内 50台 谈判阶段"),
    *words("13800001111 a@b.cn 浦东张江路88号 9999年99月99日 31号 2月30日 点 半 80k"),
    *(" next Friday 3pm ", " no wait, make it ", "Jane from Initech", " in two weeks ", "12 Harbour Street"),
)
SPOKEN = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.text(alphabet=st.characters(), max_size=6),
        st.text(alphabet="0123456789年月日号点半上下周一二三万亿折%.:/- ", max_size=12),
    ),
    max_size=8,
).map("".join)


@given(SPOKEN)
def test_slots_of_any_text_lie_in_it_do_not_overlap_and_have_values_of_their_type(text: str) -> None:
    behind = 0
    for slot in found(text):
        assert text[slot.start : slot.start + len(slot.text)] == slot.text
        assert slot.start >= behind
        assert slot.text
        assert is_right(slot), slot
        json.dumps(slot.value)
        behind = slot.start + len(slot.text)


@given(st.integers(1, 9_999), st.integers(1, 9_999))
def test_a_corrected_amount_is_the_last_one_whatever_the_numbers(first: int, second: int) -> None:
    assert values(f"金额{first}万,不对,是{second}万", "amount") == [{"amount": second * 10_000, "currency": "CNY"}]
