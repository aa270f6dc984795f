"""`parley doctor`: looks at everything that can be wrong before somebody notices it in a chat, and says what to do."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import get_args

from sqlalchemy import text

from actions.approvers import policy_gaps, read_staff
from actions.crm import own, people
from actions.crm.records import RecordingState
from actions.outside.llm import LlmUnavailableError
from actions.outside.store import Store
from actions.policy.breakers import Breakers
from actions.policy.policy import Policy
from actions.recordings.sealed import FOLDER, SealBroken, seal, sealed_path, unseal
from actions.rulebook import policy_at
from bot.app import large_model, listener_of, now, open_meanings, secret_of
from bot.channels.files_apart import open_text
from bot.channels.roster import CHANNELS, Parts
from bot.fault import name_fault
from bot.memory import LocalMemory, Memory, RedisMemory
from bot.message import Address, Message, Reply
from bot.public_address import all_known
from bot.settings import Settings, SettingsError
from bot.unheard import tell_unheard
from intents.dictionary import load_dictionary
from intents.house_words import read_house_words
from intents.understand import Reader
from retrieval.embed import NONE
from retrieval.index import IndexUnavailableError
from retrieval.search import Library
from voice.cannot_hear import CannotHear
from voice.profile import SHIPPED

_STATES: tuple[str, ...] = get_args(RecordingState)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `sentence` says how it is, or what is wrong and what to do."""

    what: str
    is_well: bool
    sentence: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at every part by itself; one that is broken does not hide the others."""
    looks: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("home", lambda: _home(settings)),
        ("database", lambda: _database(settings)),
        ("people", lambda: _people(settings)),
        ("memory", lambda: _memory(settings)),
        ("intent model", lambda: _model(settings)),
        ("house words", lambda: _words(settings)),
        ("documents", lambda: _documents(settings)),
        ("meanings", lambda: _meanings(settings)),
        ("large model", lambda: _large_model(settings)),
        ("policy", lambda: _policy(settings)),
        ("speech model", lambda: _speech_model(settings)),
        ("recordings", lambda: _recordings(settings)),
        ("api", lambda: _api(settings)),
        ("public address", lambda: _public_address(settings)),
    ]
    findings = [await _look(what, look) for what, look in looks]
    return [*findings, *[await _look(name, _channel_look(settings, name)) for name in CHANNELS]]


async def _look(what: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(what, True, await look())
    except (SettingsError, ValueError, _Wrong) as error:
        return Finding(what, False, str(error))
    except Exception as error:  # a broken part must not hide the others
        return Finding(
            what, False, f"cannot be used ({name_fault(error)}). Check that it is running and its setting is right."
        )


class _Wrong(Exception):
    """What is wrong, and what to do about it."""


async def _home(settings: Settings) -> str:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=settings.home):
            pass
    except OSError as error:
        raise _Wrong(f"nothing can be kept in {settings.home} ({error.strerror}). Set PARLEY_HOME to a folder.") from None
    return f"{settings.home.resolve()}"


async def _database(settings: Settings) -> str:
    store = Store(settings.database())
    try:
        await store.migrate()
        async with store.read() as tx:
            await tx.execute(text("select 1"))
    finally:
        await store.close()
    return "SQLite in the home folder" if store.is_sqlite else "PostgreSQL answers, schema up to date"


async def _people(settings: Settings) -> str:
    store = Store(settings.database())
    try:
        async with store.read() as tx:
            everyone = await people.everyone(tx)
            groups = await people.group_chats(tx, "@managers")
    finally:
        await store.close()
    if not everyone:
        raise _Wrong("nobody is known yet. `parley people add`, `parley crm import`, or `parley serve --sample`.")
    if not groups:
        raise _Wrong(
            "no chat is bound to @managers, so escalations go to each manager alone. `parley people bind @managers …`."
        )
    return f"{len(everyone)} people, @managers is bound"


async def _memory(settings: Settings) -> str:
    if settings.redis_url is None:
        return "in this process"
    memory = RedisMemory(settings.redis_url, now)
    try:
        await memory.get("doctor")
    finally:
        await memory.close()
    return "Redis answers"


async def _model(settings: Settings) -> str:
    reader = Reader.load(settings.intent_model, settings.dictionary, settings.added_intents)
    added = len(reader.intents) - len(load_dictionary(settings.dictionary).intents)
    return f"version {reader.version}, reads the dictionary" + (f" and {added} of your own" if added else "")


async def _words(settings: Settings) -> str:
    words = read_house_words(settings.house_words)
    if not words.plain and not words.names:
        return f"none of your own; {settings.house_words} would hold them"
    return f"{len(words.plain)} words, {len(words.names)} names"


async def _documents(settings: Settings) -> str:
    library = Library.load(settings.sops, settings.documents)
    if library.problems:
        raise _Wrong(f"{len(library.problems)} could not be read. {library.problems[0]}")
    if not library.passages:
        raise _Wrong(f"there are none in {settings.sops}. Put SOP files there, or set PARLEY_SOPS.")
    return f"{len(library.passages)} passages"


async def _meanings(settings: Settings) -> str:
    if settings.embedding_model == NONE:
        return "off: documents are found by their words alone"
    try:
        embedder, index, reranker = open_meanings(settings)
    except IndexUnavailableError as error:
        raise _Wrong(f"{error}. Check PARLEY_CHROMA_URL; until then documents are found by their words alone.") from error
    where = settings.chroma_url or "on disk"
    kept = "" if index.may_write else ", kept up to date by the copilot that is running"
    return f"{embedder.name}, vectors {where}{kept}{f', reranked by {reranker.name}' if reranker else ''}"


async def _large_model(settings: Settings) -> str:
    llm = large_model(settings)
    if llm is None:
        return "none, and none is needed; PARLEY_LLM_BASE_URL and PARLEY_LLM_MODEL add one"
    try:
        await llm.write("Answer with the one word: yes.", "?", longest=200)
    except LlmUnavailableError as error:
        raise _Wrong(f"{error}. Answers from documents are quoted until it does.") from None
    finally:
        await llm.close()
    return f"{llm.model} answers"


async def _policy(settings: Settings) -> str:
    policy, on = Policy.load(settings.policy), ""
    Breakers.beside(settings.policy)
    staff = None
    store = Store(settings.database())
    try:
        policy = await policy_at(store, settings.policy)
        on = f", packs {', '.join(pack.name for pack in policy.packs)}" if policy.packs else ""
        async with store.read() as tx:
            staff = await read_staff(tx)
    except ValueError:
        raise
    except Exception:  # whatever ails the store, it has a line of its own
        on = ", without its packs: the database does not answer"
    finally:
        await store.close()
    gaps = policy_gaps(policy, staff) if staff is not None and staff.employees else ()
    if gaps:
        told = "; ".join(f"rule {rule} asks {who}" for rule, who in gaps)
        raise _Wrong(f"nobody here can answer: {told}. Name people who work here (`parley people list`), or more offices.")
    today = now().date()
    is_stale = policy.rates.age(today) > policy.rates.stale_after
    renew = ", which are out of date: add a set with its day to rates.yaml beside your policy (PARLEY_POLICY)"
    rates = f"rates of {policy.rates.on(today).as_of}{renew if is_stale else ''}"
    return f"version {policy.version}, {len(policy.rules)} rules{on}; {rates}"


async def _speech_model(settings: Settings) -> str:
    listener = listener_of(settings)
    if not listener.model and settings.whisper_model == str(SHIPPED):
        return "none: recordings and voice messages are kept and wait for one; PARLEY_WHISPER_MODEL names it"
    try:
        await asyncio.to_thread(listener.check)
    except CannotHear as why:
        raise _Wrong(tell_unheard(why, "en")) from None
    known = "knows synthetic speech only and will not transcribe people; PARLEY_WHISPER_MODEL sets a real one"
    return f"{listener.model}" + (f", {known}" if listener.is_synthetic else "")


async def _recordings(settings: Settings) -> str:
    secret = secret_of(settings)
    await asyncio.to_thread(_seals, settings, secret)
    store = Store(settings.database())
    try:
        policy = await policy_at(store, settings.policy)
        async with store.read() as tx:
            kept_now = await own.find(tx, "recording", where={"state": [one for one in _STATES if one != "deleted"]})
    finally:
        await store.close()
    gone = [one.id for one in kept_now if not sealed_path(settings.home, one.id).is_file()]
    if gone:
        raise _Wrong(f"{len(gone)} sealed files are missing from {settings.home / FOLDER}, {gone[0]} first. Restore them.")
    unread = [one.id for one in kept_now[:1] if not await asyncio.to_thread(_opens, settings, secret, one.id)]
    if unread:
        raise _Wrong("the secret is not the one that the recordings were sealed with. Restore PARLEY_SECRET_KEY.")
    rules = policy.recordings
    key = "PARLEY_SECRET_KEY" if settings.secret_key else "the home's secret_key (back it up)"
    return (
        f"{len(kept_now)} sealed with {key}; calls are kept {rules.keep_for.days} days, voice messages"
        f" {rules.messages_for.days}, then deleted with proof"
    )


def _seals(settings: Settings, secret: bytes) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=settings.home) as folder:
        plain, kept = Path(folder, "plain"), Path(folder, "kept")
        plain.write_bytes(b"words")
        seal(plain, kept, secret, "doctor")
        if b"".join(unseal(kept, secret, "doctor")) != b"words":
            raise _Wrong("what is sealed does not open again. Check PARLEY_SECRET_KEY and the disk of the home.")


def _opens(settings: Settings, secret: bytes, recording_id: str) -> bool:
    try:
        next(unseal(sealed_path(settings.home, recording_id), secret, recording_id))
    except SealBroken:
        return False
    return True


async def _api(settings: Settings) -> str:
    if settings.api_token:
        return "answers to its bearer token"
    return (
        "no PARLEY_API_TOKEN: in a sample home answers to this machine only, otherwise to the token in the home's api_token"
    )


async def _public_address(settings: Settings) -> str:
    store = Store(settings.database())
    try:
        async with store.read() as tx:
            known = await all_known(tx)
    finally:
        await store.close()
    if not known:
        return (
            "not known yet, so links to pages are left out in Slack and WeCom. It is learnt from the first callback that"
            " they sign (Socket Mode has none)."
        )
    return "learnt from signed callbacks: " + ", ".join(f"{address} ({channel})" for channel, address in known.items())


def _channel_look(settings: Settings, name: str) -> Callable[[], Awaitable[str]]:
    async def look() -> str:
        row = CHANNELS[name]
        if not settings.is_set(name, row.needed, row.optional):
            return f"off; to switch it on, set {', '.join(row.needed)}"
        channel = row.build(settings.given((*row.needed, *row.optional)), _no_parts(LocalMemory(now)))
        try:
            wrong = await channel.check()
        finally:
            await channel.stop()
        if wrong:
            raise _Wrong(wrong)
        return "on, and the platform accepts the settings"

    return look


def _no_parts(memory: Memory) -> Parts:
    async def accept(message: Message) -> bool:
        return False

    async def await_replies(key: str, seconds: float) -> list[Reply]:
        return []

    async def takes_part(address: Address) -> bool:
        return False

    return Parts(accept, memory, now, await_replies, takes_part, open_text)
