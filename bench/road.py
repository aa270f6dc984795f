"""The whole road under load: the real program, strict stand-ins of the platforms, and an open-loop stream of messages.

Each message is timed from its HTTP request to the acknowledgement and to the arrival of its reply at the platform. What
answers what is read from the ledger of sends afterwards; what arrived is told by the stand-ins. Nothing waits for
anything: a message is sent when its time has come, whatever became of the ones before.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import psutil
from sqlalchemy import func, select

from actions.crm import own, people
from actions.crm.records import Contact, Customer, Employee
from actions.crm.sample_company import load_sample
from actions.outside.store import Store
from actions.outside.tables import AuditRow, InboxRow, SendRow
from bench.letters import Letter, Office
from bench.messages import Mix, Talk
from bench.platforms import AES_KEY, AGENT_ID, APP_ID, APP_SECRET, CALLBACK_TOKEN, CORP_ID, CORP_SECRET
from bench.table import Figure, Result, percentile, spread
from tests.platforms.slack import BOT_TOKEN, SIGNING_SECRET

ROOT = Path(__file__).parent.parent
CHANNELS = ("slack", "wecom", "wechat", "api")
EACH = 120
"""People on each channel."""
WARM_UP = 80
"""Messages before the ones that count: tokens are fetched and connections opened with these."""
TWICE = 50
"""One in so many is delivered twice at once, as platforms do."""
FLOOR_MESSAGES = 400
_ON_THE_CARD = "the card is redrawn"
_PATIENCE = 30.0
"""Seconds that stragglers get after the last message."""


@dataclass(frozen=True)
class Somebody:
    """A person at a channel: `user` is what the channel calls them, `id` who they are."""

    channel: str
    user: str
    id: str
    lang: str
    customers: Sequence[Customer] = ()

    @property
    def is_staff(self) -> bool:
        return bool(self.customers)


@dataclass
class Sent:
    """One message on its way; times are the machine's monotonic clock."""

    who: Somebody
    talk: Talk
    letter: Letter | None
    due: float
    repeats: int = 1
    begun: float = 0.0
    acknowledged: float = 0.0
    statuses: list[int] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    pressed: str | None = None


@dataclass
class Platforms:
    """What the stand-ins have told so far."""

    addresses: dict[str, str]
    arrived: list[dict[str, Any]] = field(default_factory=list)
    cards: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def note(self, arrival: dict[str, Any]) -> None:
        self.arrived.append(arrival)
        if arrival.get("buttons"):
            self.cards[arrival["channel"], arrival["to"]] = arrival

    def card_for(self, who: Somebody) -> dict[str, Any] | None:
        """The last card of this person, once."""
        return self.cards.pop((who.channel, _target(who)), None)


async def measure(messages: int = 2000, rate: float = 40.0, keep: Path | None = None) -> Result:
    """Run it all. `keep` is a folder that holds home and log afterwards."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as passing:
        folder = keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        crowd = await _prepare(folder / "home")
        there = {channel: [one.user for one in crowd if one.channel == channel] for channel in CHANNELS}
        async with _platforms(there) as platforms:
            floor = await _measure_floor(platforms, rate)
            async with _parley(folder, platforms) as (url, process):
                office = Office()
                stream = await _write(office, crowd, messages + WARM_UP, rate)
                before = _cpu(process)
                load = os.getloadavg()[0]
                await _post_all(url, stream, platforms, office)
                store = Store(f"sqlite:///{folder / 'home' / 'parley.sqlite'}")
                await _await_rest(store)
                spent = _cpu(process) - before
                resident = process.memory_info().rss / 2**20
        ledger = await _ledger(store)
        await store.close()
    return _result(stream, platforms, ledger, floor, office, spent, resident, f"load before: {load:.1f}")


# --- the company and who speaks in it -------------------------------------------------------------------------------------


async def _prepare(home: Path) -> list[Somebody]:
    """The sample company, with people on every channel."""
    home.mkdir(parents=True)
    store = Store(f"sqlite:///{home / 'parley.sqlite'}")
    await store.migrate()
    await load_sample(store, datetime.now(UTC).date())
    async with store.write() as tx:
        employees = [one for one in await own.find(tx, "employee") if isinstance(one, Employee)]
        customers = [one for one in await own.find(tx, "customer") if isinstance(one, Customer)]
        contacts = [one for one in await own.find(tx, "contact") if isinstance(one, Contact)]
        crowd = _crowd(employees, customers, contacts)
        for one in crowd:
            if one.channel != "api":
                await people.bind(tx, one.id, one.channel, one.user)
    await store.close()
    return crowd


def _crowd(employees: Sequence[Employee], customers: Sequence[Customer], contacts: Sequence[Contact]) -> list[Somebody]:
    staff = [one for one in employees if one.role in ("rep", "manager")]
    crowd = []
    for number in range(EACH):
        one = staff[number % len(staff)]
        theirs = [c for c in customers if c.owner_id == one.id or (one.role == "manager" and c.region == one.region)]
        for channel, user in (
            ("slack", f"U0BENCH{number:03}"),
            ("wecom", f"bench{number:03}"),
            ("api", f"bench-{number:03}"),
        ):
            crowd.append(Somebody(channel, user, one.id, one.lang, theirs))
        contact = contacts[number % len(contacts)]
        crowd.append(Somebody("wechat", f"oBench{number:03}", contact.id, contact.lang))
    return crowd


def _target(who: Somebody) -> str:
    """What the platform calls the conversation; the house names a direct one by its person."""
    return f"D{who.user[1:]}" if who.channel == "slack" else who.user


async def _write(office: Office, crowd: Sequence[Somebody], count: int, rate: float) -> list[Sent]:
    """Every message with its time, sealed; presses are sealed when it is known what can be pressed."""
    mix = Mix(seed=2)
    by_channel = {channel: [one for one in crowd if one.channel == channel] for channel in CHANNELS}
    start = monotonic() + 2 + count / 1000
    stream = []
    for number in range(count):
        theirs = by_channel[CHANNELS[number % len(CHANNELS)]]
        who = theirs[number // len(CHANNELS) * 7 % len(theirs)]
        lang = mix.language()
        talk = mix.of_staff(who.customers, lang) if who.is_staff else mix.of_customer(lang)
        letter = None if talk.is_press else await _letter(office, who, talk)
        stream.append(
            Sent(who, talk, letter, start + number / rate, 2 if number % TWICE == 0 and letter and letter.key else 1)
        )
    return stream


async def _letter(office: Office, who: Somebody, talk: Talk) -> Letter:
    match who.channel:
        case "slack":
            return await office.slack_message(who.user, talk.text)
        case "wecom":
            return await office.wecom_message(who.user, talk.text)
        case "wechat":
            return await office.wechat_message(who.user, talk.text)
        case _:
            return office.api_message(who.user, who.id, talk.text)


async def _press(office: Office, who: Somebody, card: dict[str, Any]) -> Letter:
    token = card["buttons"][0]
    match who.channel:
        case "slack":
            return await office.slack_press(who.user, card["card"], token)
        case "wecom":
            return await office.wecom_press(who.user, card["card"], token)
        case _:
            return office.api_press(who.user, who.id, token)


# --- posting --------------------------------------------------------------------------------------------------------------


async def _post_all(url: str, stream: Sequence[Sent], platforms: Platforms, office: Office) -> None:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=120)
    session = aiohttp.ClientSession(url, connector=connector, timeout=aiohttp.ClientTimeout(60))
    async with session, asyncio.TaskGroup() as group:
        for one in stream:
            await asyncio.sleep(max(0.0, one.due - monotonic()))
            if one.letter is None:
                card = platforms.card_for(one.who)
                one.letter = await (_press(office, one.who, card) if card else _letter(office, one.who, one.talk))
                one.pressed = card["buttons"][0] if card else None
            one.begun = monotonic()
            for _ in range(one.repeats):
                group.create_task(_post(session, one, platforms))


async def _post(session: aiohttp.ClientSession, one: Sent, platforms: Platforms) -> None:
    assert one.letter is not None
    try:
        async with session.post(one.letter.path, data=one.letter.body, headers=_plain(one.letter)) as answer:
            body = await answer.text()
            one.statuses.append(answer.status)
    except (aiohttp.ClientError, TimeoutError):
        one.statuses.append(0)
        return
    one.acknowledged = one.acknowledged or monotonic()
    one.bodies.append(body)
    if one.who.channel == "api" and answer.status == 200:
        buttons = [button["id"] for reply in json.loads(body)["replies"] for button in reply["buttons"]]
        if buttons:
            platforms.note({"channel": "api", "to": one.who.user, "card": None, "buttons": buttons, "at": monotonic()})


def _plain(letter: Letter) -> dict[str, str]:
    return {k: v for k, v in letter.headers.items() if k.lower().startswith(("x-slack", "content-type"))}


async def _await_rest(store: Store) -> None:
    """Until nothing is open but what waits for its pace, or patience ends."""
    end = monotonic() + _PATIENCE
    while monotonic() < end:
        async with store.read() as tx:
            heard = select(func.count()).select_from(InboxRow).where(InboxRow.state.in_(("accepted", "working")))
            sends = select(func.count()).select_from(SendRow)
            sends = sends.where(
                SendRow.state.in_(("queued", "sending")), SendRow.channel != "api", SendRow.answers.is_not(None)
            )
            if not await tx.scalar(heard) and not await tx.scalar(sends):
                return
        await asyncio.sleep(0.5)


# --- what came of it ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ledger:
    """What Parley wrote down.

    `answers` are the sends by the message they answer, `lines` by target in their order; `states` is how messages ended;
    `presses` names a press by who and what; `redraws` counts the cards redrawn at each target.
    """

    answers: dict[str, list[Any]]
    lines: dict[str, list[Any]]
    states: dict[str, str]
    presses: dict[tuple[str, str], str]
    redraws: Counter[str]
    readings: Counter[str]


async def _ledger(store: Store) -> Ledger:
    answers, lines = defaultdict(list), defaultdict(list)
    async with store.read() as tx:
        columns = (SendRow.id, SendRow.key, SendRow.channel, SendRow.target, SendRow.answers, SendRow.state)
        for row in await tx.execute(select(*columns).where(SendRow.redraws.is_(None)).order_by(SendRow.id)):
            if row.answers:
                answers[row.answers].append(row)
            if row.state == "sent":
                lines[row.target].append(row)
        heard = (await tx.execute(select(InboxRow.key, InboxRow.state, InboxRow.message))).all()
        redrawn = (await tx.execute(select(SendRow.target).where(SendRow.redraws.is_not(None)))).scalars()
        redraws = Counter(redrawn)
        readings = (await tx.execute(select(AuditRow.body).where(AuditRow.kind == "reading"))).scalars()
        read = Counter(body["intent"] if body["sure"] else "(asked)" for body in readings)
    presses = {(row.message["sender"], row.message["press"]): row.key for row in heard if row.message.get("press")}
    return Ledger(dict(answers), dict(lines), {row.key: row.state for row in heard}, presses, redraws, read)


def _result(
    stream: Sequence[Sent],
    platforms: Platforms,
    ledger: Ledger,
    floor: "Floor",
    office: Office,
    spent: float,
    resident: float,
    note: str,
) -> Result:
    arrivals = _arrivals_by_send(platforms.arrived, ledger)
    counted = stream[WARM_UP:]
    acks: dict[str, list[float]] = defaultdict(list)
    replies: dict[str, list[float]] = defaultdict(list)
    wrong: Counter[str] = Counter()
    on_the_card = 0
    for one in counted:
        channel = one.who.channel
        if set(one.statuses) != {200}:
            wrong[f"{channel}: refused {sorted(set(one.statuses))}"] += 1
            continue
        acks[channel].append((one.acknowledged - one.begun) * 1000)
        if channel in ("api", "wechat"):
            trouble = _trouble_in_hand(one, office)
        else:
            trouble = None
            at = _first_arrival(one, ledger, arrivals)
            if at == _ON_THE_CARD:
                on_the_card += 1
            elif isinstance(at, str):
                trouble = at
            else:
                replies[channel].append((at - one.begun) * 1000)
        if trouble:
            wrong[f"{channel}: {trouble}"] += 1
    for times in arrivals.values():
        if len(times) > 1:
            wrong[f"arrived {len(times)} times"] += 1
    pushed = replies["slack"] + replies["wecom"]
    acknowledged = acks["slack"] + acks["wecom"]
    ended = max(one.acknowledged for one in counted)
    lag = [(one.begun - one.due) * 1000 for one in counted]
    figures = [
        *spread("request to reply at Slack and WeCom", pushed, floor.replies, "bare route that posts a word", p50="< 60 ms"),
        *spread("request to acknowledgement", acknowledged, floor.acks, "bare route, same signature check", p99="< 100 ms"),
        *spread("WeChat: request to passive reply", acks["wechat"]),
        *spread("JSON API: request to replies", acks["api"]),
        *(
            Figure(f"{name}: reply, p50", percentile(replies[name], 50), "ms")
            for name in ("slack", "wecom")
            if replies[name]
        ),
        Figure("messages a second", len(counted) / (ended - counted[0].due), "/s", aim="40 /s"),
        Figure("messages", len(counted), ""),
        Figure("errors", sum(wrong.values()), "", aim="0"),
        Figure(
            "processor time of Parley for a message", spent / len(stream) * 1000, "ms", "the bare route", floor.processor
        ),
        Figure("resident memory afterwards", resident, "MiB"),
    ]
    notes = [
        f"{note}, after: {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores for Parley, stand-ins and generator together;"
        f" the generator ran {percentile(lag, 99):.0f} ms late at p99",
        "readings: " + ", ".join(f"{intent} {count}" for intent, count in ledger.readings.most_common(12)),
        f"presses: {sum(one.pressed is not None for one in counted)}, {on_the_card} of them answered by redrawing the card;"
        f" delivered twice: {sum(one.repeats > 1 for one in counted)}",
        *(f"WRONG {what}: {count}" for what, count in wrong.most_common()),
    ]
    return Result(f"The road: {len(counted)} mixed messages", figures, notes)


def _arrivals_by_send(arrived: Sequence[dict[str, Any]], ledger: Ledger) -> dict[str, list[float]]:
    """When each send arrived. Slack's carry the key; WeCom's are told apart by their order, which the ledger keeps."""
    found: dict[str, list[float]] = defaultdict(list)
    places: Counter[str] = Counter()
    for arrival in arrived:
        if arrival["channel"] == "slack" and arrival["key"]:
            found[arrival["key"]].append(arrival["at"])
        elif arrival["channel"] == "wecom":
            line = ledger.lines.get(f"wecom:{arrival['to']}", [])
            place = places[arrival["to"]]
            places[arrival["to"]] += 1
            found[line[place].key if place < len(line) else f"unknown to the ledger: {arrival['to']}"].append(arrival["at"])
    return found


def _first_arrival(one: Sent, ledger: Ledger, arrivals: dict[str, list[float]]) -> float | str:
    assert one.letter is not None
    key = one.letter.key or ledger.presses.get((one.who.user, one.pressed or ""))
    if key is None or key not in ledger.states:
        return "not in the inbox"
    if ledger.states[key] != "done":
        return f"ended as {ledger.states[key]}"
    sends = ledger.answers.get(key, [])
    if not sends:
        return _ON_THE_CARD if one.pressed and ledger.redraws[f"{one.who.channel}:{one.who.user}"] else "no reply"
    missing = [send for send in sends if send.key not in arrivals]
    if missing:
        return f"reply {missing[0].state}, not arrived"
    return min(arrivals[send.key][0] for send in sends)


def _trouble_in_hand(one: Sent, office: Office) -> str | None:
    """What is wrong with replies that came in the answer itself."""
    if one.who.channel == "api":
        return None if json.loads(one.bodies[0])["replies"] else "no reply"
    if "success" in one.bodies:
        return "no passive reply in time"
    texts = {office.opened(body) for body in one.bodies}
    return None if all("<Content>" in text for text in texts) else "an empty passive reply"


# --- the floor ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Floor:
    """What a bare route takes: milliseconds to acknowledgement and reply, and of processor time a message."""

    acks: list[float]
    replies: list[float]
    processor: float


async def _measure_floor(platforms: Platforms, rate: float) -> Floor:
    port = free_port()
    program = await _python("-m", "bench.floor", str(port), platforms.addresses["slack"])
    try:
        url = f"http://127.0.0.1:{port}"
        await wait_until_up(f"{url}/openapi.json")
        process = psutil.Process(program.pid)
        office, who = Office(), Somebody("slack", "U0BENCH000", "E01", "zh")
        stream = await _floor_stream(office, who, rate)
        before = _cpu(process)
        await _post_all(url, stream, platforms, office)
        await asyncio.sleep(0.5)
        spent = (_cpu(process) - before) / len(stream) * 1000
    finally:
        program.terminate()
        await program.wait()
    came = {arrival["key"]: arrival["at"] for arrival in platforms.arrived}
    platforms.arrived.clear()
    counted = stream[20:]
    replies = [
        (came[one.letter.key.rpartition(":")[2]] - one.begun) * 1000 for one in counted if one.letter and one.letter.key
    ]
    return Floor([(one.acknowledged - one.begun) * 1000 for one in counted], replies, spent)


async def _floor_stream(office: Office, who: Somebody, rate: float) -> list[Sent]:
    start, talk = monotonic() + 1, Talk("talk", "你好")
    return [
        Sent(who, talk, await office.slack_message(who.user, talk.text), start + number / rate)
        for number in range(FLOOR_MESSAGES)
    ]


# --- programs -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _platforms(there: dict[str, list[str]]) -> AsyncIterator[Platforms]:
    program = await _python("-m", "bench.platforms", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert program.stdin and program.stdout
    program.stdin.write(json.dumps(there).encode() + b"\n")
    platforms = Platforms(json.loads(await program.stdout.readline()))

    async def listen(stream: asyncio.StreamReader) -> None:
        async for line in stream:
            platforms.note(json.loads(line))

    listening = asyncio.create_task(listen(program.stdout))
    try:
        yield platforms
    finally:
        program.stdin.close()
        await program.wait()
        await listening


@asynccontextmanager
async def _parley(folder: Path, platforms: Platforms) -> AsyncIterator[tuple[str, psutil.Process]]:
    port = free_port()
    settings = {
        "PARLEY_HOME": str(folder / "home"),
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": platforms.addresses["slack"],
        "WECOM_CORP_ID": CORP_ID,
        "WECOM_AGENT_ID": str(AGENT_ID),
        "WECOM_SECRET": CORP_SECRET,
        "WECOM_TOKEN": CALLBACK_TOKEN,
        "WECOM_AES_KEY": AES_KEY,
        "WECOM_API_URL": platforms.addresses["wecom"],
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_SECRET": APP_SECRET,
        "WECHAT_TOKEN": CALLBACK_TOKEN,
        "WECHAT_AES_KEY": AES_KEY,
        "WECHAT_API_URL": platforms.addresses["wechat"],
    }
    with (folder / "parley.log").open("wb") as log:
        command = ("-c", "from bot.cli import main; main()", "serve", "--port", str(port))
        program = await _python(*command, stdout=log, stderr=log, env={**os.environ, **settings})
        try:
            await wait_until_up(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}", psutil.Process(program.pid)
        finally:
            program.terminate()
            await program.wait()


async def _python(*arguments: str, **how: Any) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, **how)


async def wait_until_up(url: str, patience: float = 60.0) -> None:
    """Raises TimeoutError when nothing answers in time."""
    async with asyncio.timeout(patience), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _cpu(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
