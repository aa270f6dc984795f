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
        ("金额改成0", 0, "CNY"),
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


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("change it to RM 75k", 75_000, "MYR"),
        ("RM 2万左右", 20_000, "MYR"),
        ("500 ringgit", 500, "MYR"),
        ("NT$76萬", 760_000, "TWD"),
        ("付92萬台幣", 920_000, "TWD"),
        ("HK$98,000", 98_000, "HKD"),
        ("大概三十萬港紙", 300_000, "HKD"),
        ("S$27k", 27_000, "SGD"),
        ("12 lakh", 1_200_000, "INR"),
        ("廿八萬", 280_000, "CNY"),
    ],
)
def test_amounts_in_the_money_of_asia(text: str, amount: float, currency: str) -> None:
    assert values(text, "amount") == [{"amount": amount, "currency": currency}]


def test_a_bare_dollar_is_that_of_the_currency_named_beside_it() -> None:
    found_there = [slot.value for slot in found("由$40,000升到$52,000港幣") if slot.type == "amount"]
    assert found_there == [{"amount": 40_000, "currency": "HKD"}, {"amount": 52_000, "currency": "HKD"}]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("three thousand four hundred", 3_400),
        ("two hundred and fifty thousand", 250_000),
        ("砍到26万8", 268_000),
        ("抹零后是8万零300", 80_300),
        ("减六百", 600),
        ("一年的费用三千二", 3_200),
        ("六台叉车，84万", 840_000),
        ("knock five hundred off the quote", 500),
        ("he beat me down to 9350", 9_350),
        ("make that one 28,400", 28_400),
    ],
)
def test_a_number_is_read_to_its_end_and_told_as_money_by_its_form_or_what_is_done_with_it(text: str, amount: float) -> None:
    assert values(text, "amount") == [{"amount": amount, "currency": "CNY"}]


@pytest.mark.parametrize(
    "text",
    [
        *("quality 62, price 28", "three thousand four hundred people", "三万五千人", "三千二百人", "mark that one won"),
        *("金额更新一下", "UEN 202512345K", "we have 1,200 seats to fill"),
    ],
)
def test_scores_and_counts_are_no_amounts(text: str) -> None:
    assert values(text, "amount") == []


@pytest.mark.parametrize(
    ("text", "percent"), [("顶多三成", 30), ("七成五首付", 75), ("any discount above 15 comes to me", 15)]
)
def test_tenths_and_the_number_of_a_discount_are_percentages(text: str, percent: float) -> None:
    assert values(text, "percent") == [percent]


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("new mobile 07700 900461", "+447700900461"),
        ("her direct line is 0161 496 0122", "+441614960122"),
        ("the London office: 020 7946 0311", "+442079460311"),
        ("new cell 512-555-0143", "+15125550143"),
        ("電話轉咗5123 4567", "+85251234567"),
        ("換手機了,新號碼0912-345-678", "+886912345678"),
        ("会计的电话012-345 6789", "+60123456789"),
        ("my WhatsApp in Singapore +65 8123 0047", "+6581230047"),
    ],
)
def test_phones_written_as_elsewhere_have_the_code_of_there(text: str, phone: str) -> None:
    assert values(text, "phone") == [phone]


def test_a_tax_number_without_a_country_in_it_is_told_by_the_word_beside_it_and_its_check_digits() -> None:
    assert values("our ABN is 51 824 753 556", "tax_id") == ["51824753556"]
    assert values("our ABN is 51 824 753 557", "tax_id") == []
    assert values("the job is 51 824 753 556", "tax_id") == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("收件改到县府路12号财务科", "县府路12号财务科"),
        ("票还没收到,地址改寄柏树巷3号", "柏树巷3号"),
        ("我們搬到新北路一段66號2樓了", "新北路一段66號2樓"),
        ("搬到滨河路二十六号三楼了", "滨河路二十六号三楼"),
        ("bill us at PO Box 221, Ashcombe", "PO Box 221, Ashcombe"),
        ("change it to Level 8, 22 Cross Street, Singapore", "Level 8, 22 Cross Street, Singapore"),
        ("送货地址换去12, Jalan Ipoh, 51200 Kuala Lumpur", "12, Jalan Ipoh, 51200 Kuala Lumpur"),
        ("our unit is Blk 5012 Ang Mo Kio Ave 5 #03-11", "Blk 5012 Ang Mo Kio Ave 5 #03-11"),
        ("write to her at 3 Chantry Close.", "3 Chantry Close"),
    ],
)
def test_an_address_has_its_rooms_and_none_of_the_words_that_lead_to_it(text: str, address: str) -> None:
    assert values(text, "address") == [address]


@pytest.mark.parametrize("text", ["必须报市里的采购中心统一批", "走市区的服务中心", "a 10 minute walk", "2 close friends"])
def test_what_only_works_for_a_town_and_a_walk_are_no_addresses(text: str) -> None:
    assert values(text, "address") == []


@pytest.mark.parametrize(
    ("text", "stage"),
    [("嘉駿嗰單轉做談判", "negotiation"), ("mark Harlow won", "won"), ("那单move到negotiation", "negotiation")],
)
def test_stages_in_traditional_script_and_between_two_languages(text: str, stage: str) -> None:
    assert values(text, "stage") == [stage]


def test_as_quoted_names_no_stage() -> None:
    assert values("they will purchase, quantity as quoted", "stage") == []


@pytest.mark.parametrize(
    ("text", "person"),
    [
        *(("查付姐手机", "付姐"), ("联系人改成晏老师", "晏老师"), ("老窦那边说好了", "老窦"), ("阿强那单放一放", "阿强")),
        *(("邱队说没意见", "邱队"), ("張協理說再看", "張協理"), ("鄧生嬲緊我哋", "鄧生"), ("leads go to Jerome", "Jerome")),
        *(("met Mdm Goh yesterday", "Mdm Goh"), ("what's Kev's number", "Kev")),
    ],
)
def test_people_are_told_without_the_words_before_them(text: str, person: str) -> None:
    assert values(text, "person") == [person]


@pytest.mark.parametrize(
    "text", ["暑假施工", "公司律师没看完", "对方老板同意了", "多谢师傅", "分管副院长拍板", "采购单下了没有"]
)
def test_the_end_of_another_word_is_no_surname(text: str) -> None:
    assert values(text, "person") == []


@pytest.mark.parametrize(
    ("text", "company"),
    [
        *(("Bluegum Bakery says go ahead", "Bluegum Bakery"), ("Move Ashby Castings to won", "Ashby Castings")),
        *(("sign the Mossgate contract", "Mossgate"), ("德朔铸造归他跟", "德朔铸造"), ("育寬餐飲看了演示", "育寬餐飲")),
    ],
)
def test_companies_are_told_by_their_trade_and_by_what_is_theirs(text: str, company: str) -> None:
    assert values(text, "company") == [company]


def test_who_won_a_lost_deal_does_not_take_the_place_of_whose_it_was() -> None:
    assert values("we lost Huakang Logistics to Initech Systems", "company") == ["Huakang Logistics", "Initech Systems"]
    assert values("rename Calder Foods to Initech Systems", "company") == ["Initech Systems"]
