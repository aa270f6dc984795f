"""Words that steer the dialogue are found when they are the whole message, and only then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.phrases import find_phrase


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("帮助", "help"),
        ("HELP!", "help"),
        ("/help", "help"),
        ("？", "help"),
        ("What can you do?", "help"),
        ("你能做什麼", "help"),
        ("撤销", "undo"),
        ("撤銷。", "undo"),
        ("ｕｎｄｏ", "undo"),
        ("为什么?", "why"),
        ("依據", "why"),
        ("Why", "why"),
        ("更多", "more"),
        ("show all", "more"),
        ("确认", "yes"),
        ("確認!", "yes"),
        ("👍🏽", "yes"),
        ("👍👍👍", "yes"),
        ("Yes, please", "yes"),
        ("好的~", "yes"),
        ("不", "no"),
        ("驳回", "no"),
        ("No, cancel that.", "no"),
        ("嗯嗯", "ack"),
        ("收到🙏", "ack"),
        ("got it", "ack"),
    ],
)
def test_a_steering_word_is_found_whatever_surrounds_it(text: str, control: str) -> None:
    phrase = find_phrase(text)
    assert phrase is not None
    assert phrase.control == control


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("1.", 1),
        ("③", 3),
        ("选2", 2),
        ("第一个", 1),
        ("第三个吧", 3),
        ("option 2", 2),
        ("the second one", 2),
        ("２", 2),
    ],
)
def test_a_choice_carries_its_number(text: str, number: int) -> None:
    phrase = find_phrase(text)
    assert phrase is not None
    assert (phrase.control, phrase.number) == ("choice", number)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("确认", "approval.confirm"),
        ("驳回", "approval.reject"),
        ("好", "chat.thanks"),
        ("OK", "chat.thanks"),
        ("收到", "chat.thanks"),
    ],
)
def test_bare_words_keep_their_usual_meaning(text: str, intent: str) -> None:
    phrase = find_phrase(text)
    assert phrase is not None
    assert phrase.intent == intent


@pytest.mark.parametrize(
    "text",
    [
        "帮助客户建个单",
        "why is it so expensive",
        "-1",
        "5%",
        "12",
        "好像不行",
        "",
        "。。。",
        "确认收货地址是张江路",
        "不好用",
    ],
)
def test_a_sentence_that_only_begins_like_one_is_none(text: str) -> None:
    assert find_phrase(text) is None


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_may_be_asked_about(text: str) -> None:
    phrase = find_phrase(text)
    assert phrase is None or (phrase.number is not None) == (phrase.control == "choice")
