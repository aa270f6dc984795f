"""Assembly: settings become parts, parts become a house, a house answers HTTP. The only file that knows them all."""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text

from actions import audit
from actions.crm import own, people
from actions.crm.records import Contact, Customer, Employee, Speaker
from actions.crm.sample_company import SAMPLE_WORDS, load_sample
from actions.outside.durable import Durable
from actions.outside.llm import Llm
from actions.outside.store import Store, Tx
from actions.policy.breakers import Breakers
from actions.policy.policy import Policy
from actions.recordings.sealed import FOLDER as RECORDINGS
from actions.rulebook import Rulebook
from actions.world import World
from bot.announce import Announcer
from bot.asked_on_calls import AskedOnCalls
from bot.call_corrections import CallCorrections
from bot.call_opening import CallOpener
from bot.call_reading import CallReader
from bot.call_summaries import CallSummaries, answers_in_the_house
from bot.calls_api import calls_routes
from bot.channels.api import ApiChannel, api_routes
from bot.channels.channel import Channel
from bot.channels.roster import CHANNELS, Parts, Row
from bot.channels.terminal import TerminalChannel
from bot.channels.web import WebChannel
from bot.channels.wechat import WeChatChannel
from bot.clips import Clips
from bot.clockwork import Clockwork, Engine, Timer
from bot.conversation import Conversation
from bot.corrections_api import corrections_routes
from bot.dispatch_api import dispatch_routes
from bot.dispatching import Dispatching
from bot.door import ApiDoor, kept_secret, kept_token
from bot.fault import name_fault
from bot.files import limit_for, place_for
from bot.hearing import Listener, MoodJudge
from bot.house_api import house_routes
from bot.inbox import Inbox
from bot.judge import Judge
from bot.judgements import count_judgements, judgements
from bot.kept_files import FileKeeper
from bot.kept_papers import PaperFiles
from bot.kept_recordings import RecordingShelf
from bot.listening import OPEN_FOLDER, Listening
from bot.memory import LocalMemory, Memory, RedisMemory
from bot.message import Address, Attachment, Message, Reply, reply_to_json
from bot.metrics import Metrics
from bot.mood_step import MoodStep
from bot.mood_words import words_of
from bot.names import NameBook
from bot.outbox import Outbox, Send
from bot.pages.call import CallPages
from bot.pages.call_links import CallLinks
from bot.pages.chat import PagePerson, chat_page
from bot.pages.dispatch import dispatch_page
from bot.pages.dispatch_links import DispatchLinks
from bot.problem import PROBLEMS, answer_with_problems
from bot.public_address import PublicAddress
from bot.reply_files import ReplyFiles
from bot.reviews import ReviewClock
from bot.settings import Settings
from bot.shelf import Shelf
from bot.stops import Stops
from bot.take_recordings import RecordingTaker
from bot.tell import Teller
from bot.tell_recordings import RecordingTeller
from bot.think import Thinker
from bot.wording.sentences import LANGUAGES, sentences
from bot.writer import Writer
from intents.dictionary import Intent, load_dictionary
from intents.house_words import read_house_words
from intents.understand import Reader
from retrieval.embed import NONE, Embedder, load_embedder
from retrieval.index import VectorIndex
from retrieval.rerank import Reranker, load_reranker
from voice.customer_mood import CustomerMoods
from voice.emotion_model import SHIPPED
from voice.listener import WhisperListener

log = structlog.get_logger()
_PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True)
class House:
    """Everything that is running, by name."""

    store: Store
    memory: Memory
    channels: dict[str, Channel]
    inbox: Inbox
    outbox: Outbox
    judge: Judge
    clockwork: Clockwork
    shelf: Shelf
    metrics: Metrics
    rulebook: Rulebook
    llm: Llm | None
    recordings: RecordingShelf
    corrections: CallCorrections
    summaries: CallSummaries
    listening: Listening
    clips: Clips
    dispatching: Dispatching
    accept: Callable[[Message], Awaitable[bool]]
    calls: CallOpener
    call_links: CallLinks

    async def ask_database(self) -> None:
        """Raises when the database does not answer."""
        async with self.store.read() as tx:
            await tx.execute(text("select 1"))

    async def start(self, *, opens_doors: bool = True) -> None:
        """Take up what an earlier process left, then listen. `opens_doors` False is for the terminal, which has no doors."""
        if opens_doors:
            for channel in self.channels.values():
                await channel.start()
        self.rulebook.start()
        await self.clockwork.start()
        self.listening.kick()

    async def stop(self) -> None:
        """Finish what is in hand; what does not end in time is taken up by the next process."""
        await self.listening.stop()
        await self.inbox.drain()
        await self.outbox.drain()
        await self.clockwork.stop()
        await self.rulebook.stop()
        for channel in self.channels.values():
            await channel.stop()
        await self.shelf.stop()
        if self.llm is not None:
            await self.llm.close()
        await self.memory.close()
        await self.store.close()


def now() -> datetime:
    """The one clock of the running program."""
    return datetime.now(UTC)


def today() -> date:
    """The day by which documents are in force: UTC's, as the house may work in many zones."""
    return now().date()


@dataclass(frozen=True)
class Minds:
    """What takes a second to load and never changes by itself: the intent model, the dictionary, the documents."""

    reader: Reader
    dictionary: Mapping[str, Intent]
    shelf: Shelf


async def load_minds(settings: Settings) -> Minds:
    """Raises ValueError with a plain sentence when the model does not fit the dictionary, or either cannot be read."""
    for lang in LANGUAGES:
        sentences(lang)  # now, not while the first person waits
    reader = await asyncio.to_thread(Reader.load, settings.intent_model, settings.dictionary, settings.added_intents)
    names = partial(_own_names, settings.house_words)
    shelf = partial(Shelf, settings.sops, settings.documents, today, names=names, pictures=settings.pictures)
    return Minds(reader, reader.intents, await asyncio.to_thread(shelf))


def _own_names(file: Path) -> frozenset[str]:
    """What the house calls things, as its file of words has it; a file with a fault says nothing new."""
    try:
        words = read_house_words(file)
    except ValueError:
        return frozenset()
    return frozenset(called for one in words.names for called in (one.name, *one.aliases)) | frozenset(words.plain)


def open_meanings(settings: Settings) -> tuple[Embedder, VectorIndex, Reranker | None]:
    """Raises ValueError or IndexUnavailableError, in a sentence, when there is no such model or the index fails."""
    embedder = load_embedder(settings.embedding_model)
    index = VectorIndex.open(embedder.name, folder=settings.vectors, url=settings.chroma_url)
    return embedder, index, load_reranker(settings.reranker_model) if settings.reranker_model else None


def large_model(settings: Settings) -> Llm | None:
    """Raises ValueError when its address or key cannot be used at all."""
    if settings.llm_base_url is None or settings.llm_model is None:
        return None
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    return Llm.open(settings.llm_base_url, settings.llm_model, key)


async def build_house(
    settings: Settings,
    *,
    terminal: TerminalChannel | None = None,
    now: Callable[[], datetime] = now,
    minds: Minds | None = None,
    store: Store | None = None,
    engine: Engine | None = None,
    roster: Mapping[str, Row] = CHANNELS,
    listener: Listener | None = None,
    moods: MoodJudge | None = None,
) -> House:
    """Put the parts together over a migrated store. Raises SettingsError or ValueError with a plain sentence."""
    settings.home.mkdir(parents=True, exist_ok=True)
    if store is None:
        store = Store(settings.database())
        await store.migrate()
    minds = minds or await load_minds(settings)
    memory: Memory = RedisMemory(settings.redis_url, now) if settings.redis_url else LocalMemory(now)
    rulebook = await Rulebook.open(store, settings.policy, now)
    metrics = Metrics()
    names = NameBook(store, now, settings.house_words)
    channels: dict[str, Channel] = {"web": WebChannel(store, now), "api": ApiChannel()}
    public = PublicAddress(store)
    if terminal is not None:
        terminal.reached_at(partial(public.known, "terminal"))
        channels["terminal"] = terminal

    async def accept(message: Message) -> bool:
        is_new = await inbox.accept(message)
        (metrics.accepted if is_new else metrics.redelivered).labels(message.address.channel).inc()
        return is_new

    async def handle(message: Message) -> None:
        began = perf_counter()
        await conversation.hear(message)
        metrics.heard.observe(perf_counter() - began)

    async def failed(message: Message) -> None:
        metrics.failed.labels(message.address.channel).inc()
        await conversation.broken(message)

    async def sends_ended(tx: Tx, sends: Sequence[Send]) -> None:
        await audit.append(tx, now(), *(_send_entry(send) for send in sends))
        for send in sends:
            metrics.sends.labels(send.to.channel, send.state).inc()
            if send.state == "sent" and send.sent_at is not None:
                metrics.reply.observe((send.sent_at - send.created_at).total_seconds())

    async def gave_up(send: Send) -> None:
        await teller.could_not_reach(send)

    async def await_replies(key: str, seconds: float) -> list[Reply]:
        await inbox.wait_done(key, timedelta(seconds=seconds))
        return await outbox.collect(answers=key, most=1)

    async def fetch(message: Message, attachment: Attachment) -> Path:
        # one message may bring two files of the same name
        into = place_for(settings.home, f"{message.key}:{attachment.ref}", attachment.name or attachment.kind)
        into.parent.mkdir(parents=True, exist_ok=True)
        if await asyncio.to_thread(into.is_file):  # an attempt that died has fetched it, and the link may be over by now
            return into
        limit = limit_for(attachment.kind, attachment.name)
        return await channels[message.address.channel].fetch(attachment, into, limit)

    async def takes_part(address: Address) -> bool:
        return await teller.takes_part(address)

    llm, secret = large_model(settings), secret_of(settings)
    clips = Clips(store, settings.home, secret, memory, now)
    files_of_replies = ReplyFiles(PaperFiles(store, settings.home), clips)
    parts = Parts(accept, memory, now, await_replies, takes_part, files_of_replies.content, public)
    for name, row in roster.items():
        if settings.is_set(name, row.needed, row.optional):
            channels[name] = row.build(settings.given((*row.needed, *row.optional)), parts)
    outbox = Outbox(store, channels, memory, now, on_ended=sends_ended, on_give_up=gave_up)
    announcer = Announcer(outbox, channels, now, settings.home)
    world = World(store, minds.shelf, announcer, now, settings.home, rulebook)
    calls = CallReader(minds.reader, names, lambda: rulebook.breakers)
    thinker = Thinker(minds.reader, minds.dictionary, names, world, calls)
    windows = {name: channel.passive_window for name, channel in channels.items() if isinstance(channel, WeChatChannel)}
    engine = engine or Durable(settings.database(), settings.home, now)

    async def remind(timer: Timer) -> None:
        await judge.remind(timer.data["reminder"])

    async def expire(timer: Timer) -> None:
        await judge.expired(timer.data["proposal"])

    async def about_a_meeting(timer: Timer) -> None:
        await judge.about_a_meeting("hold_ends" if timer.kind == "hold_ends" else "meeting_soon", timer.data["booking"])

    async def calendar_taken(timer: Timer) -> None:
        await judge.calendar_taken(timer.data["person"], timer.due_at)

    async def review_due(timer: Timer) -> None:
        await review_clock.overdue(timer.data["review"], timer.data["round"])

    async def chase(timer: Timer) -> None:
        await review_clock.chase(timer.data["review"], timer.data["number"], timer.due_at)

    async def listen(timer: Timer) -> None:
        listening.kick()

    async def call_put_right(timer: Timer) -> None:
        await dispatching.send_again(timer.data["recording"])

    async def corrected(timer: Timer) -> None:
        await listening.judge_again(timer.data["recording"])  # first: what was made of the wrong speaker is told no more
        await tells.corrected(timer.data["recording"], timer.due_at)
        await asked_on_calls.judge_again(timer.data["recording"])

    weighed: tuple[int, datetime | None] | None = None

    async def weigh_judgements() -> None:
        nonlocal weighed
        if (counted := await count_judgements(store)) != weighed:
            minds.shelf.weigh(await judgements(store))
            weighed = counted

    await weigh_judgements()

    async def sweep() -> None:
        minds.shelf.look()  # nobody may have asked for hours, and the next one must not hear what was removed
        await weigh_judgements()
        await inbox.sweep()
        await outbox.sweep()
        await shelf.sweep()
        await listening.sweep()
        await clips.sweep()

    def arm(keys: Iterable[str]) -> None:
        clockwork.arm(keys)
        if any(key.startswith("listen:") for key in keys):
            listening.kick()  # the engine rings for the other processes; here it begins at once

    handlers = {
        "reminder": remind,
        "proposal_expires": expire,
        "meeting_soon": about_a_meeting,
        "hold_ends": about_a_meeting,
        "calendar_taken": calendar_taken,
        "review_due": review_due,
        "chase": chase,
        "listen": listen,
        "dispatch": call_put_right,
        "corrected": corrected,
    }
    clockwork = Clockwork(store, engine, handlers, now, sweeps=(sweep,))
    teller = Teller(world, outbox, announcer, windows)
    stops = Stops(world, rulebook, lambda: rulebook.breakers)
    review_clock = ReviewClock(world, stops)
    judge = Judge(world, outbox, announcer, teller, names, rulebook, arm, stops)
    summaries = CallSummaries(llm.write if llm and answers_in_the_house(llm.base_url) else None, llm.model if llm else "")
    writer = Writer(llm.write if llm else None, summaries.of)
    listener = listener or listener_of(settings)
    shelf = RecordingShelf(store, settings.home, secret, lambda: rulebook.policy.recordings, judge.quietly, now)
    call_links = CallLinks(secret, now)
    rules = DispatchLinks(secret, now)
    dispatching = Dispatching(store, calls, rulebook, judge.for_the_house, now, rules, judge.withdraw)
    asked_on_calls = AskedOnCalls(store, calls, judge, now)
    tells = RecordingTeller(store, outbox, channels, listener, calls, dispatching, settings.home, now, call_links)
    mood_step = MoodStep(moods or moods_of(settings, minds.reader), settings.home, now)
    listening = Listening(store, settings.home, secret, listener, shelf, tells, mood_step, accept, now, likely=names.likely)
    corrections = CallCorrections(store, calls, shelf, now, arm)
    taker = RecordingTaker(store, settings.home, shelf, listening, fetch)
    files = FileKeeper(settings.home, fetch, minds.shelf.look_at, taker, now)
    conversation = Conversation(
        world,
        memory,
        outbox,
        thinker,
        judge,
        teller,
        files,
        writer,
        stops,
        lambda: listener.is_synthetic,
        call_links,
        dispatching.links,
    )
    inbox = Inbox(store, handle, now, on_failed=failed)
    return House(
        store,
        memory,
        channels,
        inbox,
        outbox,
        judge,
        clockwork,
        minds.shelf,
        metrics,
        rulebook,
        llm,
        shelf,
        corrections,
        summaries,
        listening,
        clips,
        dispatching,
        accept,
        CallOpener(store, calls, summaries, settings.home, lambda: listener.is_synthetic, now),
        call_links,
    )


def listener_of(settings: Settings) -> WhisperListener:
    """What listens in this house; until there is a speech model where the setting points, recordings wait for one."""
    return WhisperListener(settings.whisper_model)


def moods_of(settings: Settings, reader: Reader) -> CustomerMoods:
    """What judges how customers sound in this house: the model that was put into the home, else the shipped one, and what
    the words carry, where the reader of messages reads that."""
    says_of_words = partial(words_of, reader.feelings) if reader.feelings is not None else None
    return CustomerMoods((settings.emotion_model, SHIPPED), says_of_words, settings.home / RECORDINGS / OPEN_FOLDER)


def secret_of(settings: Settings) -> bytes:
    """The secret of the house, from which the keys of its recordings are made."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return kept_secret(settings.home).encode()


def _send_entry(send: Send) -> audit.Entry:
    body = {"key": send.key, "channel": send.to.channel, "state": send.state, "ref": send.ref, "error": send.error}
    return audit.Entry("send", None, send.answers or send.card, {**body, "reply": reply_to_json(send.reply)})


# --- the HTTP side ------------------------------------------------------------------------------------------------------


def create_app(
    settings: Settings,
    *,
    sample: bool = False,
    build: Callable[[Settings], Awaitable[House]] = build_house,
    now: Callable[[], datetime] = now,
) -> FastAPI:
    """The FastAPI application. Settings are checked here, so that a half-set channel stops the start at once.

    `now` is the clock of its doors; `build` gives the house its own.
    """
    for name, row in CHANNELS.items():
        settings.is_set(name, row.needed, row.optional)
    Policy.load(settings.policy)
    Breakers.beside(settings.policy)
    load_dictionary(settings.dictionary)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        house = await build(settings)
        if sample and await load_sample(house.store, now().date()) and not settings.house_words.exists():
            shutil.copyfile(SAMPLE_WORDS, settings.house_words)
        _open_doors(app, house, settings, ApiDoor(await _api_token(house, settings)), now)
        if settings.embedding_model != NONE:
            house.shelf.learn(partial(open_meanings, settings))
        await house.start()
        gc.freeze()  # what is loaded now stays for good; looking through it for garbage would hold everybody up for 150 ms
        log.info("ready", channels=sorted(house.channels), policy=house.rulebook.policy.version)
        try:
            yield
        finally:
            await house.stop()

    app = FastAPI(
        title="Parley",
        version=version("parley"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a platform does not follow, and a problem says more
        responses=PROBLEMS,
    )
    answer_with_problems(app)
    app.mount("/static", StaticFiles(directory=_PAGES / "static"), name="static")
    return app


async def _api_token(house: House, settings: Settings) -> str | None:
    if settings.api_token is not None:
        return settings.api_token.get_secret_value()
    return None if await _is_sample(house.store) else kept_token(settings.home)


def _open_doors(app: FastAPI, house: House, settings: Settings, door: ApiDoor, now: Callable[[], datetime]) -> None:
    """Routes need the house, and the house needs the running loop: so they are added when it starts."""
    web = house.channels["web"]
    assert isinstance(web, WebChannel)
    app.include_router(_operation(house))
    files = ReplyFiles(PaperFiles(house.store, settings.home), house.clips)
    app.include_router(api_routes(house.accept, house.inbox, house.outbox, door, now, settings.home, files))
    app.include_router(house_routes(house.store, door, house.judge.decide_over_http))
    app.include_router(calls_routes(house.store, door, house.recordings, house.clips, house.calls))
    app.include_router(corrections_routes(house.store, door, house.corrections))
    pages = CallPages(house.store, house.calls, house.call_links, house.corrections, house.clips, house.accept)
    app.include_router(pages.router())
    app.include_router(dispatch_routes(house.store, door, house.dispatching))
    app.include_router(dispatch_page(house.store, house.dispatching, now))
    app.include_router(
        chat_page(
            web,
            house.accept,
            lambda: _sample_people(house.store),
            lambda: _is_sample(house.store),
            now,
            settings.home,
            files,
        )
    )
    for channel in house.channels.values():
        if (router := channel.router()) is not None:
            app.include_router(router)


def _operation(house: House) -> APIRouter:
    """/healthz, /readyz, /metrics."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", responses={503: {"description": "Not ready; `stores` says which does not answer."}})
    async def ready() -> JSONResponse:
        stores = {"database": await _answers(house.ask_database()), "memory": await _answers(house.memory.get("ready"))}
        channels = {name: "on" if name in house.channels else "off" for name in CHANNELS}
        troubles = [
            {"channel": one.channel, "kind": one.kind, "count": one.count, "oldest": one.oldest.isoformat()}
            for one in (await house.outbox.problems() if stores["database"] == "ok" else ())
        ]
        is_ready = all(state == "ok" for state in stores.values())
        body = {
            "status": "ready" if is_ready else "not ready",
            "stores": stores,
            "channels": channels,
            "documents": {"passages": house.shelf.passages, "unreadable": len(house.shelf.problems)},
            # what is wrong with the files stands in the log and with the doctor: anybody may ask here
            "policy": {"version": house.rulebook.policy.version, "is_as_written": house.rulebook.problem is None},
            "sends": troubles,
        }
        return JSONResponse(body, 200 if is_ready else 503)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(house.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


async def _answers(question: Awaitable[Any]) -> str:
    try:
        async with asyncio.timeout(2):
            await question
    except Exception as error:  # whatever it is, the store does not answer
        return f"does not answer ({name_fault(error)})"
    return "ok"


async def _sample_people(store: Store) -> list[PagePerson]:
    async with store.read() as tx:
        employees = [one for one in await own.find(tx, "employee") if isinstance(one, Employee)]
        contacts = [one for one in await own.find(tx, "contact") if isinstance(one, Contact)]
        companies = {one.id: one for one in await own.find(tx, "customer") if isinstance(one, Customer)}
    staff = [PagePerson(one.id, _named(one), one.role, one.region, one.zone) for one in employees]
    return staff + [
        PagePerson(one.id, _named(one), "customer", _named(companies[one.customer_id], one.lang), Speaker.zone)
        for one in contacts
    ]


def _named(one: Employee | Contact | Customer, lang: str | None = None) -> str:
    return one.name_en if (lang or one.lang) == "en" and one.name_en else one.name


async def _is_sample(store: Store) -> bool:
    async with store.read() as tx:
        return await people.is_sample(tx)
