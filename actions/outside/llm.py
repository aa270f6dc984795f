"""The large model: one function over any OpenAI-compatible server, which writes and never decides.

What goes in has passed the gate; what comes out is text for a person to read. Neither is logged, and no error repeats it.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE = 8.0
"""Seconds that writing may take in all, the second try included."""

LARGEST_ANSWER = 1_000_000
"""Bytes; an answer of some hundred tokens has a few thousand."""

_TRY_AGAIN = frozenset({429, 500, 502, 503, 529})
_WAIT = 0.3
_LONGEST_WAIT = 2.0
# besides OpenAI's "stop": what Text Generation Inference and gateways to other makers say for it
_WHOLE = (None, "stop", "eos_token", "stop_sequence", "end_turn")
_ABOUT_TO_END = r"""(?=[\s"')\]”’]|$)"""
# a full stop after a digit may be the point of "3.5" or the number of the next line of a list
_SENTENCE_END = re.compile(rf"""(?:[。！？]|(?:[!?]|(?<!\d)\.){_ABOUT_TO_END})["')\]”’」』）]*""")


class LlmUnavailableError(Exception):
    """The server did not answer, or not with what it should; its text holds no key and nothing asked or answered."""


class _TryAgain(LlmUnavailableError):
    """What may be over after `wait` seconds."""

    def __init__(self, words: str, wait: float = _WAIT) -> None:
        super().__init__(words)
        self.wait = wait


@dataclass(frozen=True)
class Llm:
    """A model on a server. `base_url` is what comes before `/chat/completions`; it is used as given, with or without `/v1`.

    `timeout` is in seconds, for all of a write(). Raises ValueError when the address or the key cannot be used at all.
    """

    base_url: str
    model: str
    api_key: str | None = field(repr=False)
    client: httpx.AsyncClient = field(repr=False)
    timeout: float = PATIENCE
    sleep: Callable[[float], Awaitable[object]] = field(default=asyncio.sleep, repr=False)

    @classmethod
    def open(cls, base_url: str, model: str, api_key: str | None) -> "Llm":
        """The same with connections of its own, which close() ends."""
        return cls(base_url, model, api_key, httpx.AsyncClient())

    def __post_init__(self) -> None:
        if not _is_address(self.base_url):
            raise ValueError("the address of the large model's server is no http:// or https:// address")
        # said here, because the error of whoever builds the header would show the key
        if self.api_key and not re.fullmatch(r"[!-~]+", self.api_key):
            raise ValueError("the key of the large model's server holds characters that no header can carry")

    async def write(self, instructions: str, material: str, *, longest: int = 400) -> str:
        """What the model writes about `material`, in at most `longest` tokens; never empty. Raises LlmUnavailableError.

        An answer that reached its limit ends with its last whole sentence.
        """
        question = _question(self.model, instructions, material, longest)
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self._ask(question)
        except TimeoutError:
            raise LlmUnavailableError(f"no answer within {self.timeout:g} s") from None
        return read_answer(answer)

    async def close(self) -> None:
        await self.client.aclose()

    async def _ask(self, question: bytes) -> bytes:
        """Writing changes nothing on the server, so that it may be asked twice."""
        try:
            return await self._post(question)
        except _TryAgain as trouble:
            await self.sleep(trouble.wait)
        return await self._post(question)

    async def _post(self, question: bytes) -> bytes:
        # half the time for the connection, so that some is left for a second try
        timeout = httpx.Timeout(self.timeout, connect=self.timeout / 2)
        address = self.base_url.rstrip("/") + "/chat/completions"
        try:
            async with self.client.stream(
                "POST", address, content=question, headers=self._headers(), timeout=timeout, follow_redirects=False
            ) as response:
                _demand_success(response)
                return await _read(response)
        # "from None": these errors carry the request, and the request carries the key and the material
        except httpx.TransportError as trouble:
            raise _TryAgain(f"no answer ({type(trouble).__name__})") from None
        except httpx.RequestError as trouble:
            raise LlmUnavailableError(f"no readable answer ({type(trouble).__name__})") from None

    def _headers(self) -> dict[str, str]:
        # uncompressed, so that a small answer cannot unfold into a large one
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        return headers | {"Authorization": f"Bearer {self.api_key}"} if self.api_key else headers


def read_answer(body: bytes) -> str:
    """The text in a chat completion, without the model's reasoning; never empty. Raises LlmUnavailableError."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise LlmUnavailableError("the answer is not JSON") from None
    choice = _first(_member(answer, "choices"))
    text = _without_reasoning(_content(_member(choice, "message")))
    finish = _member(choice, "finish_reason")
    if finish == "length":
        text = _whole_sentences(text)
    elif finish not in _WHOLE:
        raise LlmUnavailableError(f"the model stopped before its end{_told(finish)}")
    if not text:
        raise LlmUnavailableError("the answer is empty")
    return text


def _question(model: str, instructions: str, material: str, longest: int) -> bytes:
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": material}]
    question = {"model": model, "messages": messages, "temperature": 0, "max_tokens": longest, "stream": False}
    # half of an emoji, as a chat program may cut it, is not text that can be sent
    return json.dumps(question, ensure_ascii=False).encode("utf-8", "replace")


def _is_address(url: str) -> bool:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return address.scheme in ("http", "https") and bool(address.host)


def _demand_success(response: httpx.Response) -> None:
    words = f"the server answered with status {response.status_code}"
    if response.status_code in _TRY_AGAIN:
        raise _TryAgain(words, _seconds_to_wait(response))
    if not response.is_success:
        raise LlmUnavailableError(words)


def _seconds_to_wait(response: httpx.Response) -> float:
    """`Retry-After` when it is in seconds, but not so long that nobody would wait for the answer."""
    told = response.headers.get("retry-after", "")
    return min(float(told), _LONGEST_WAIT) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", told) else _WAIT


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise LlmUnavailableError(f"the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(body)


def _member(holder: object, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else None


def _first(choices: object) -> object:
    if not isinstance(choices, list) or not choices:
        raise LlmUnavailableError("the answer holds no choices")
    return choices[0]


def _content(message: object) -> str:
    if _member(message, "tool_calls") or _member(message, "function_call"):
        raise LlmUnavailableError("the model calls tools instead of writing")
    if _member(message, "refusal"):
        raise LlmUnavailableError("the model refuses to write")
    content = _member(message, "content")
    if isinstance(content, list):
        content = "".join(map(_part, content))
    if not isinstance(content, str):
        raise LlmUnavailableError("the answer holds no text")
    # what neither a database nor a chat platform takes
    return content.replace("\0", "").encode("utf-8", "replace").decode()


def _part(part: object) -> str:
    kind, text = _member(part, "type"), _member(part, "text")
    if kind == "thinking":  # as Mistral's reasoning models put it before the text
        return ""
    if kind != "text" or not isinstance(text, str):
        raise LlmUnavailableError("the answer holds something that is not text")
    return text


def _without_reasoning(text: str) -> str:
    """What follows the last end of reasoning: its beginning may be missing, since some templates put it in the prompt."""
    answer = text.rpartition("</think>")[2].strip()
    if answer.startswith("<think>"):
        raise LlmUnavailableError("the model reasoned until its limit and did not answer")
    return answer


def _whole_sentences(text: str) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if not ends:
        raise LlmUnavailableError("the answer reached its limit within its first sentence")
    return text[: ends[-1]]


def _told(finish: object) -> str:
    """The server's word for why, if it is a word."""
    return f" ({finish})" if isinstance(finish, str) and re.fullmatch(r"[a-z_]{1,40}", finish) else ""
