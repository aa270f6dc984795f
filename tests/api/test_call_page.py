"""The page of a call: what it shows in both languages, to whom, and that what is done on it goes the road of messages."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from actions.commands.recordings import HOUSE, DeleteRecording
from actions.crm.records import Recording
from actions.outside.tables import AuditRow
from bot.app import Minds
from bot.call_reading import CallRead
from bot.call_sheet import Around, sheet_of
from bot.door import kept_secret
from bot.kept_moods import HeardMood, keep_mood
from bot.pages.call import _shown, _templates
from bot.pages.call_links import CallLinks
from bot.wording.fill import Voice
from tests.api.served import Json, Served, button_of, of_the_morning, serving, settings_from
from tests.api.test_calls import send
from tests.fakes import FakeListener
from tests.voice.encoding import fixture, wav
from voice.emotions import Scores
from voice.mood import Felt, Mood, Peak
from voice.report import Reading, report_of
from voice.transcript import Transcript, Turn

CALL = """销售: 您好，我是瀚海医疗的小林
客户: 你们的报价太贵了，瀚林只要七十六万
销售: 我明天下午三点之前把新报价发给您
客户: 付款方式可以分期吗？
客户: 请给我发一份合同"""


@pytest.fixture
async def house(tmp_path: Path, minds: Minds, sample_home: Path) -> AsyncIterator[Served]:
    async with serving(settings_from(tmp_path), minds, sample_home, listener=FakeListener()) as served:
        yield served


async def sent(house: Served, words: str = CALL) -> tuple[str, list[Json]]:
    """The id of a call that was heard, and what its sender was told in the end."""
    replies = await send(house, words.encode())
    await house.press(button_of(replies, "客户在通话里同意了"))
    await house.house.listening.rest()
    return (await house.http.get("/api/calls")).json()[0]["id"], await house.say("谢谢")


def page_in(told: list[Json]) -> str:
    return next(link["path"] for reply in told for link in reply["links"])


def words_of(answer: httpx.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


async def who_is_customer(house: Served, path: str, speaker: str = "客户") -> None:
    answer = await house.http.post(f"{path}/correct", data={"what": "customer", "value": speaker})
    assert answer.status_code == 303


# --- what is shown --------------------------------------------------------------------------------------------------------


async def test_the_report_in_the_chat_opens_the_page_of_the_call(house: Served) -> None:
    call, told = await sent(house)
    path = page_in(told)
    answer = await house.http.get(path)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    words = words_of(answer)
    for shown in (
        "call.mp3",
        "fake-small",
        "客户在通话里同意了",
        "瀚林只要七十六万",
        "我明天下午三点之前把新报价发给您",
        "0:20",
    ):
        assert shown in words, shown
    assert "谁在说是按声音估计的" in words, "what is only estimated is said"
    assert call not in answer.text, "the record's name is nobody's business"


async def test_it_may_not_be_kept_indexed_framed_or_scripted_by_others(house: Served) -> None:
    _, told = await sent(house)
    answer = await house.http.get(page_in(told))
    assert answer.headers["cache-control"] == "no-store" and "noindex" in answer.headers["x-robots-tag"]
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?! src=\"/static/)|\son\w+=|\sstyle=", answer.text), "nothing in the page needs more"
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text), "nothing is asked of anybody else"


async def test_it_reads_in_both_languages(house: Served) -> None:
    _, told = await sent(house)
    path = page_in(told)
    await who_is_customer(house, path)
    zh, en = [words_of(await house.http.get(path, params={"lang": lang})) for lang in ("zh", "en")]
    assert "答应的事" in zh and "Promises" in en and "finds it expensive" in en and "觉得价格高" in zh
    chrome = re.sub(r"[\u4e00-\u9fff，。？！：、（）“”]+", "", en)
    assert "{" not in chrome and "{" not in zh


async def test_once_the_customer_is_known_it_shows_what_the_customer_showed(house: Served) -> None:
    _, told = await sent(house)
    path = page_in(told)
    await who_is_customer(house, path)
    answer = await house.http.get(path)
    words = words_of(answer)
    assert "客户的意思" in words and "我们答应了 1 件事" in words and "还有" in words
    assert 'class="sort objection"' in answer.text
    assert answer.text.count('class="turn customer"') == 3 and answer.text.count('class="turn ours"') == 2


async def test_the_mood_is_a_waveform_whose_seconds_lead_to_the_words(house: Served) -> None:
    call, told = await sent(house)
    path = page_in(told)
    assert '<svg class="wave"' not in (await house.http.get(path)).text
    await who_is_customer(house, path)
    await mood(house, call, "客户")
    answer = await house.http.get(path)
    assert answer.text.count('class="bar angry"') == 2 and answer.text.count('class="bar others"') == 4
    assert 'role="img"' in answer.text and "只看客户，不评我方" in words_of(answer) and "估计" in words_of(answer)
    targets = set(re.findall(r'href="#(s-\d+)"', answer.text))
    assert targets <= set(re.findall(r'id="(s-\d+)"', answer.text)), "each second leads somewhere"
    assert "你们的报价太贵了" in words_of(answer).split("情绪最明显的地方")[1][:120]


async def test_the_mood_of_who_is_not_the_customer_any_more_is_not_shown(house: Served) -> None:
    call, told = await sent(house)
    path = page_in(told)
    await who_is_customer(house, path)
    await mood(house, call, "客户")
    await who_is_customer_now(house, path, "销售")
    assert '<svg class="wave"' not in (await house.http.get(path)).text


async def who_is_customer_now(house: Served, path: str, speaker: str) -> None:
    upon = upon_in((await house.http.get(path)).text)
    answer = await house.http.post(f"{path}/correct", data={"what": "customer", "value": speaker, "upon": upon})
    assert answer.status_code == 303


def upon_in(page: str) -> str:
    found = re.search(r'name="upon" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def mood(house: Served, call: str, customer: str) -> None:
    angry = Scores(0.7, 0.1, 0.1, 0.1)
    felt = (
        Felt(10, 20, angry, angry, "angry", True, 0.9, False),
        Felt(30, 50, angry, angry, "uncertain", False, 0.2, False),
    )
    heard = HeardMood(customer, Mood(felt, (Peak("angry", 10, 20, 15, 0.8),), True, 0.5, "m"), (0.5,) * 10)
    async with house.house.store.write() as tx:
        await keep_mood(tx, call, heard, datetime(2026, 3, 2, tzinfo=UTC))


async def test_the_api_hands_out_what_the_page_shows(house: Served) -> None:
    call, told = await sent(house)
    await who_is_customer(house, page_in(told))
    await mood(house, call, "客户")
    sheet = (await house.http.get(f"/api/calls/{call}/report", params={"lang": "en"})).json()
    assert [turn["side"] for turn in sheet["turns"]] == ["ours", "customer", "ours", "customer", "customer"]
    assert {"objection.price"} <= {one["name"] for one in sheet["moments"]}
    assert [(one["side"], one["due"] is not None) for one in sheet["promises"]] == [("ours", True)]
    assert len(sheet["mood"]["bars"]) == 10 and sheet["mood"]["peaks"][0]["sentence"] is not None
    numbers = [one["number"] for turn in sheet["turns"] for one in turn["sentences"]]
    assert sorted(numbers) == list(range(len(numbers))), "every sentence stands in one turn"
    may = [await house.http.get(f"/api/calls/{call}/report", params={"person": one}) for one in ("E01", "E11", "E02", "X")]
    assert [one.status_code for one in may] == [200, 200, 403, 422]


# --- who may see ----------------------------------------------------------------------------------------------------------


async def test_a_link_that_was_changed_or_is_old_opens_nothing(house: Served, tmp_path: Path) -> None:
    call, told = await sent(house)
    path = page_in(told)
    other = path[:-1] + ("0" if path[-1] != "0" else "1")
    stranger = CallLinks(b"another house's secret of 32 bytes or more", of_the_morning)
    week_ago = CallLinks(kept_secret(tmp_path / "home").encode(), lambda: of_the_morning() - timedelta(days=8))
    for wrong in (other, stranger.path(call, "E01"), week_ago.path(call, "E01"), "/console/calls/x"):
        answer = await house.http.get(wrong, params={"lang": "zh"})
        assert answer.status_code == 404 and "打不开" in answer.text and "七十六万" not in answer.text


@pytest.mark.parametrize(("person", "status"), [("E01", 200), ("E11", 200), ("E20", 200), ("E02", 403), ("K001", 403)])
async def test_whoever_may_read_the_recording_may_see_the_page(house: Served, person: str, status: int) -> None:
    call, _ = await sent(house)
    answer = await house.http.get(house.house.call_links.path(call, person))
    assert answer.status_code == status and ("七十六万" in answer.text) == (status == 200)


async def test_what_is_not_there_is_told_in_a_sentence(house: Served) -> None:
    replies = await send(house, CALL.encode())
    call = (await house.http.get("/api/calls")).json()[0]["id"]
    path = house.house.call_links.path(call, "E01")
    assert (await house.http.get(path)).status_code == 409
    await house.press(button_of(replies, "客户在通话里同意了"))
    await house.house.listening.rest()
    assert (await house.http.get(path)).status_code == 200
    assert (await house.http.delete(f"/api/calls/{call}", params={"person": "E01"})).status_code == 200
    gone = await house.http.get(path, params={"lang": "en"})
    assert gone.status_code == 410 and "have been deleted" in gone.text and "七十六万" not in gone.text


async def test_a_fresh_link_comes_with_the_transcript(house: Served) -> None:
    _, told = await sent(house)
    card = next(reply for reply in told if reply["links"])
    more = await house.press(next(one["id"] for one in card["buttons"] if one["label"] == "全部"))
    assert (await house.http.get(page_in(more))).status_code == 200


# --- what is done there ---------------------------------------------------------------------------------------------------


async def test_a_press_on_the_page_is_answered_in_the_chat(house: Served) -> None:
    _, told = await sent(house)
    path = page_in(told)
    page = await house.http.get(path)
    assert "写进 CRM" in words_of(page)
    token = re.search(r'name="button" value="([^"]+)">写进 CRM', page.text)
    assert token is not None
    answer = await house.http.post(f"{path}/press", data={"button": token[1]})
    assert answer.status_code == 303 and "said=in_chat" in answer.headers["location"]
    assert "已转到您的聊天" in (await house.http.get(answer.headers["location"])).text
    await house.house.inbox.drain()
    assert "跟哪个客户" in str(await house.say("好"))


async def test_only_the_buttons_of_its_card_can_be_pressed_there(house: Served) -> None:
    _, told = await sent(house)
    answer = await house.http.post(f"{page_in(told)}/press", data={"button": "somebody-elses"})
    assert answer.status_code == 409 and "已经不在了" in answer.text


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example.com"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_another_site_can_do_nothing(house: Served, headers: dict[str, str]) -> None:
    call, told = await sent(house)
    for what, data in (("press", {"button": "x"}), ("correct", {"what": "customer", "value": "客户"})):
        answer = await house.http.post(f"{page_in(told)}/{what}", data=data, headers=headers)
        assert answer.status_code == 403
    assert (await house.http.get(f"/api/calls/{call}/corrections")).json() == []


async def test_a_sentence_is_put_right_in_its_place(house: Served) -> None:
    call, told = await sent(house)
    path = page_in(told)
    form = await house.http.get(path, params={"edit": 1})
    assert "<textarea" in form.text and "你们的报价太贵了，瀚林只要七十六万</textarea>" in form.text
    here = {"origin": "http://127.0.0.1:8000"}
    data = {"what": "text", "place": 1, "value": "你们的报价太贵了，瀚林只要六十七万", "upon": upon_in(form.text)}
    answer = await house.http.post(f"{path}/correct", data=data, headers=here)
    assert answer.status_code == 303 and answer.headers["location"].endswith("#t-1")
    page = await house.http.get(answer.headers["location"])
    assert "六十七万" in page.text and "七十六万" not in page.text and "已更正" in page.text and "改好了" in page.text
    assert "七十六万" in (await house.http.get(path, params={"edit": 1})).text, "what was heard first is shown beside it"
    (kept,) = (await house.http.get(f"/api/calls/{call}/corrections")).json()
    assert (kept["by_id"], kept["place"], kept["what"]) == ("E01", 1, "text")
    again = await house.http.post(f"{path}/correct", data=data, headers=here)
    assert again.status_code == 409 and "刚才有人改过" in again.text, "nobody corrects what they have not seen"


async def test_a_turn_is_given_to_the_other_speaker(house: Served) -> None:
    _, told = await sent(house)
    path = page_in(told)
    await who_is_customer(house, path)
    upon = upon_in((await house.http.get(path)).text)
    data = {"what": "speaker", "place": 4, "value": "销售", "upon": upon}
    assert (await house.http.post(f"{path}/correct", data=data)).status_code == 303
    page = (await house.http.get(path)).text
    assert page.count('class="turn customer"') == 2 and page.count('class="turn ours"') == 3


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"what": "text", "place": 99, "value": "x"}, "没有这一段"),
        ({"what": "text", "place": 1, "value": " "}, "没有写要改成什么"),
        ({"what": "customer", "value": "谁"}, "没有这个人"),
    ],
)
async def test_what_cannot_be_put_right_is_said_in_a_sentence(house: Served, wish: Json, sentence: str) -> None:
    _, told = await sent(house)
    answer = await house.http.post(f"{page_in(told)}/correct", data=wish)
    assert answer.status_code == 409 and sentence in answer.text


async def test_what_no_database_keeps_is_not_taken_for_words(house: Served) -> None:
    call, told = await sent(house)
    for value in ("\x00", "预算\x00只有二十万"):
        answer = await house.http.post(f"{page_in(told)}/correct", data={"what": "text", "place": 1, "value": value})
        assert answer.status_code == 422
    assert (await house.http.get(f"/api/calls/{call}/corrections")).json() == []


async def test_who_may_not_read_may_not_put_right(house: Served) -> None:
    call, _ = await sent(house)
    path = house.house.call_links.path(call, "E02")
    answer = await house.http.post(f"{path}/correct", data={"what": "customer", "value": "客户"})
    assert answer.status_code == 403
    assert (await house.http.get(f"/api/calls/{call}/corrections")).json() == []


# --- what is heard there --------------------------------------------------------------------------------------------------


async def test_each_sentence_plays_from_its_second_and_who_heard_it_is_on_record(house: Served) -> None:
    replies = await send(house, wav(fixture("call_zh.ogg")[None, : 16_000 * 8]).getvalue(), "call.wav")
    call = (await house.http.get("/api/calls")).json()[0]["id"]
    path = house.house.call_links.path(call, "E01")
    shut = await house.http.get(f"{path}/sound", params={"at": 0, "for": 5})
    assert shut.status_code == 403 and "凭什么" in shut.text, "nothing sounds without a basis"
    await house.press(button_of(replies, "客户在通话里同意了"))
    await house.house.listening.rest()
    heard = await house.http.get(f"{path}/sound", params={"at": 1.5, "for": 2})
    assert heard.status_code == 200 and heard.headers["content-type"] == "audio/mpeg"
    assert heard.headers["cache-control"] == "no-store" and len(heard.content) > 1000
    part = await house.http.get(f"{path}/sound", params={"at": 1.5, "for": 2}, headers={"range": "bytes=0-99"})
    assert part.status_code == 206 and part.content == heard.content[:100]
    late = await house.http.get(f"{path}/sound", params={"at": 9_999, "for": 2, "lang": "en"})
    assert late.status_code == 404 and late.headers["content-type"].startswith("text/plain")
    assert (await house.http.get(f"{path}/sound", params={"at": 0, "for": 61})).status_code == 422
    async with house.house.store.read() as tx:
        told = list((await tx.execute(select(AuditRow.body).where(AuditRow.kind == "clip"))).scalars())
    assert [one["to"] for one in told] == ["person:E01"], "the same part within an hour is one entry"
    stranger = house.house.call_links.path(call, "E02")
    assert (await house.http.get(f"{stranger}/sound", params={"at": 0})).status_code == 403


async def test_of_a_recording_whose_sound_is_gone_the_words_stay_and_say_so(house: Served) -> None:
    call, told = await sent(house)
    path = page_in(told)
    assert 'class="play" href' in (await house.http.get(path)).text
    async with house.house.store.write() as tx:
        deleted = DeleteRecording(call, "kept_long_enough", with_words=False)
        outcome = await house.house.recordings.order(tx, deleted, HOUSE, "test", "recording")
    assert outcome.kind == "done"
    answer = await house.http.get(path)
    assert answer.status_code == 200 and "录音已删除，只剩文字" in answer.text and "七十六万" in answer.text
    assert 'class="play" href' not in answer.text and "<textarea" not in answer.text
    assert (await house.http.get(f"{path}/sound", params={"at": 0})).status_code == 410


# --- words that look like something else ----------------------------------------------------------------------------------


MARKUP = ["<script>alert(1)</script>", '"><img src=x onerror=a>', "{{7*7}}", "</textarea><b>"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(
    st.lists(st.text(min_size=1, max_size=60) | st.sampled_from(MARKUP), min_size=1, max_size=6),
    st.booleans(),
)
def test_whatever_was_said_is_words_and_nothing_else(said: list[str], edits: bool) -> None:
    turns = tuple(Turn(n * 5.0, n * 5.0 + 4, text, (), "zh", "AB"[n % 2], 0.8, True, 0.9) for n, text in enumerate(said))
    at = datetime(2026, 3, 2, tzinfo=UTC)
    call = Recording("REC-1", "0" * 64, said[0], "audio/mp4", 1, False, "E01", "web", "E01", at, "done")
    transcript = Transcript(turns, "m", None, 5.0 * len(said), (), two_channels=False, customer="A", customer_certainty=0.8)
    report = report_of(transcript, lambda sentence: Reading("objection.price", 0.9, True))
    read = CallRead(call, transcript, report, (), ())
    sheet = sheet_of(read, Around(None, None, None, turns, (), True, False), Voice("zh"))

    class Reader:
        recording, voice = call, Voice("zh")

    shown = _shown(Reader(), sheet, "token", [])  # type: ignore[arg-type]
    plain = _templates.get_template("call.html").render(**shown, edit=0 if edits else None, said="", asks=None)
    tags = re.findall(r"<(/?[a-zA-Z]+)[^>]*>", plain)
    assert {"img", "b>alert"}.isdisjoint(tags) and tags.count("script") == tags.count("/script") == 1
    assert tags.count("textarea") == tags.count("/textarea") == int(edits)
    told = " ".join(unescape(re.sub(r"<[^>]*>", "", plain)).split())
    for sentence in (one.text for turn in sheet.turns for one in turn.sentences):
        assert " ".join(sentence.split()) in told
