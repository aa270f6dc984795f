"""What the sample company's documents must hold: every situation covered, in both languages, in agreement."""

import re
from pathlib import Path

import pytest
import yaml

from retrieval.commands import SAMPLE_SOPS
from retrieval.passage import Passage
from retrieval.search import Library
from retrieval.setting import Setting

DICTIONARY = Path(__file__).parents[2] / "intents" / "dictionary.yaml"
POLICY = Path(__file__).parents[2] / "actions" / "policy" / "policy.yaml"
FAMILIES = ("objection.", "buying.", "status.", "service.", "data.")
INTENTS: dict[str, dict[str, object]] = yaml.safe_load(DICTIONARY.read_text(encoding="utf-8"))["intents"]
COVERED = [intent for intent in INTENTS if intent.startswith(FAMILIES)]
FOR_CUSTOMERS = [intent for intent in COVERED if intent.startswith(("buying.", "service.", "data."))]


def by_translation(library: Library) -> dict[str, dict[str, list[Passage]]]:
    documents: dict[str, dict[str, list[Passage]]] = {}
    for passage in library.passages:
        documents.setdefault(passage.document, {}).setdefault(passage.lang, []).append(passage)
    return documents


def percentages(passage: Passage) -> set[str]:
    return set(re.findall(r"(\d+) ?%", passage.text))


def test_every_sample_document_can_be_read(library: Library) -> None:
    assert library.problems == ()
    assert len({passage.source for passage in library.passages}) >= 24


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("intent", COVERED)
def test_a_rep_finds_what_to_do_for_every_situation(library: Library, intent: str, lang: str) -> None:
    passage = library.for_intent(intent, audience="rep", lang=lang)

    assert passage is not None
    assert passage.lang == lang


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("intent", FOR_CUSTOMERS)
def test_a_customer_finds_an_answer_fit_for_customers(library: Library, intent: str, lang: str) -> None:
    passage = library.for_intent(intent, audience="customer", lang=lang)

    assert passage is not None
    assert passage.lang == lang


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("intent", "facts", "words"),
    [
        ("objection.stall", {"industry": ("专科医院",)}, ("病区", "ward")),
        ("objection.stall", {"industry": ("汽车零部件",)}, ("停一小时", "hour")),
        ("objection.stall", {"industry": ("酒店",)}, ("问题清单会", "question session")),
        ("objection.stall", {}, ("问题清单会", "question session")),
        ("objection.price", {"stage": ("negotiation",)}, ("换", "against")),
        ("objection.price", {"stage": ("lead",)}, ("区间", "range")),
        ("objection.competitor", {"industry": ("biotech",)}, ("方法验证", "validating")),
        ("objection.authority", {"industry": ("electronics",)}, ("采购", "purchasing")),
        ("objection.integration", {"industry": ("hospital",)}, ("HIS", "HL7")),
    ],
)
def test_the_passage_for_an_objection_is_the_one_for_this_deal(
    library: Library, intent: str, facts: dict[str, tuple[str, ...]], words: tuple[str, str], lang: str
) -> None:
    passage = library.for_intent(intent, audience="rep", lang=lang, setting=Setting(facts=facts))

    assert passage is not None
    assert words[lang == "en"] in passage.section + passage.text


def test_only_intents_of_the_dictionary_and_rules_of_the_policy_are_marked(library: Library) -> None:
    marked = {intent for passage in library.passages for intent in passage.intents}
    rules = {f"policy.{rule['id']}" for rule in yaml.safe_load(POLICY.read_text(encoding="utf-8"))["rules"]}

    assert marked <= INTENTS.keys() | rules


def test_every_document_exists_in_both_languages_with_the_same_sections_and_facts(library: Library) -> None:
    for document, translations in by_translation(library).items():
        zh, en = translations["zh"], translations["en"]
        assert [passage.intents for passage in zh] == [passage.intents for passage in en], document
        assert {(passage.version, passage.date, passage.audience) for passage in zh} == {
            (passage.version, passage.date, passage.audience) for passage in en
        }, document


def test_both_languages_of_a_section_state_the_same_percentages(library: Library) -> None:
    for translations in by_translation(library).values():
        for zh, en in zip(translations["zh"], translations["en"], strict=True):
            assert percentages(zh) == percentages(en), (zh.source, zh.section)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("intent", [intent for intent in COVERED if intent.startswith("objection.")])
def test_an_objection_is_answered_in_three_to_five_lines_for_a_phone(library: Library, intent: str, lang: str) -> None:
    passage = library.for_intent(intent, audience="rep", lang=lang)

    assert passage is not None
    lines = passage.text.split("\n")
    assert 3 <= len(lines) <= 5
    assert lines[0].startswith(("- 说:", "- Say:"))
    assert any(line.startswith(("- 做:", "- Do:")) for line in lines)
    assert all(len(line) <= (80 if lang == "zh" else 140) for line in lines)


def test_every_stated_discount_limit_is_one_the_policy_knows(library: Library) -> None:
    stated = [percentages(passage) for passage in library.passages if passage.document == "special-discount"]

    assert set().union(*stated) == {"10", "15", "20", "30"}


@pytest.mark.parametrize(
    ("query", "lang", "facts"),
    [
        ("折扣权限", "zh", ["10% 以内:销售自己决定", "15% 以上到 30%:必须有人审批", "30% 以上:一律拒绝"]),
        (
            "who may give which discount",
            "en",
            ["Up to 10 %", "Above 15 % up to 30 %: a person must approve", "Above 30 %: always refused"],
        ),
        ("合同金额门槛", "zh", ["超过 50 万元:必须由第二个人"]),
        ("contract thresholds", "en", ["Above 500,000 CNY: a second person"]),
        ("数据发到境外", "zh", ["都要有人确认"]),
        ("customer data abroad", "en", ["needs a person's confirmation"]),
    ],
)
def test_the_limits_stand_in_quotable_words(library: Library, query: str, lang: str, facts: list[str]) -> None:
    best = library.search(query, audience="rep", lang=lang)[0].passage

    assert all(fact in best.text for fact in facts)


def test_nothing_a_customer_reads_speaks_of_margins_or_rivals(library: Library) -> None:
    internal = re.compile(r"竞品|科维|瀚林|Corvex|Hanlin|Medora|margin|毛利|底价|floor price|battle card", re.IGNORECASE)

    for passage in library.passages:
        if "customer" in passage.audience:
            assert not internal.search(passage.section + passage.text), passage.source


def test_the_sample_holds_no_markup_that_a_chat_would_show_raw() -> None:
    for path in SAMPLE_SOPS.glob("*.md"):
        words = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", path.read_text(encoding="utf-8"))  # pictures are taken out
        assert not re.search(r"\*\*|\]\(|`|<(?!!--)", words), path.name
