"""Opens and seals the envelopes of Tencent's callbacks (signature, AES, XML); the only file that knows wechatpy."""

import base64
import binascii
import hmac
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from wechatpy import parse_message as parse_wechat
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise import WeChatCrypto as WeComCrypto
from wechatpy.enterprise import parse_message as parse_wecom
from wechatpy.exceptions import WeChatException
from wechatpy.replies import TextReply
from wechatpy.utils import WeChatSigner

_MOST_ELEMENTS = 500
_DEEPEST = 10
# what wechatpy's decryption raises on ciphertext that is not ours, besides its own exceptions
_BROKEN = (WeChatException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, struct.error)


class Forged(Exception):
    """The signature, the key or the addressee is wrong: answer 403."""


class Malformed(Exception):
    """Not what the platform sends, whoever sent it: answer 400."""


@dataclass(frozen=True)
class Stamp:
    """What stands in a callback's query: the signature and what it was made over. `echo` only when the URL is checked."""

    signature: str
    timestamp: str
    nonce: str
    sealed_signature: str = ""
    echo: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Stamp":
        return cls(
            signature=query.get("signature", ""),
            timestamp=query.get("timestamp", ""),
            nonce=query.get("nonce", ""),
            sealed_signature=query.get("msg_signature", ""),
            echo=query.get("echostr", ""),
        )


@dataclass(frozen=True)
class Fields:
    """One message or event as flat text fields; `kind` is its MsgType, `event` its Event, both in lower case."""

    kind: str
    event: str
    values: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True)
class Opened:
    """A letter taken out of its envelope: its XML, and whether it came sealed (so the answer must be sealed too)."""

    xml: str
    sealed: bool


class WeComEnvelope:
    """AES mode of WeCom applications; the receiver id inside is the corp id."""

    def __init__(self, token: str, aes_key: str, corp_id: str) -> None:
        check_aes_key(aes_key, "WECOM_AES_KEY")
        self._token = token
        self._crypto = WeComCrypto(token, aes_key, corp_id)

    def echo(self, stamp: Stamp) -> str:
        """The clear text that proves to WeCom that this URL is ours. Raises Forged."""
        _demand(stamp.sealed_signature, self._token, stamp.timestamp, stamp.nonce, stamp.echo)
        return _decrypt(
            lambda: self._crypto.check_signature(stamp.sealed_signature, stamp.timestamp, stamp.nonce, stamp.echo)
        )

    def open(self, stamp: Stamp, body: bytes) -> str:
        """The XML inside. Raises Malformed, Forged."""
        encrypted = read_flat(body).get("Encrypt", "")
        if not encrypted:
            raise Malformed("no Encrypt element")
        return _unseal(self._crypto, self._token, stamp, encrypted)


class WeChatEnvelope:
    """Plain, compatible and AES mode of Official Accounts.

    With an AES key set, only a sealed letter is believed: in plain and compatible mode the signature covers the query
    alone, so the clear part could be exchanged by whoever saw one request.
    """

    def __init__(self, token: str, aes_key: str | None, app_id: str) -> None:
        self._token = token
        self._crypto: Any = None
        if aes_key:
            check_aes_key(aes_key, "WECHAT_AES_KEY")
            self._crypto = WeChatCrypto(token, aes_key, app_id)

    def echo(self, stamp: Stamp) -> str:
        _demand(stamp.signature, self._token, stamp.timestamp, stamp.nonce)
        return stamp.echo

    def open(self, stamp: Stamp, body: bytes) -> Opened:
        """The XML, out of its seal if it has one. Raises Malformed, Forged."""
        _demand(stamp.signature, self._token, stamp.timestamp, stamp.nonce)
        outside = read_flat(body)
        if self._crypto is None:
            if "MsgType" not in outside:
                raise Malformed("sealed, but WECHAT_AES_KEY is not set")
            return Opened(body.decode(), sealed=False)
        if not outside.get("Encrypt"):
            raise Forged("not sealed, but WECHAT_AES_KEY is set")
        return Opened(_unseal(self._crypto, self._token, stamp, outside["Encrypt"]), sealed=True)

    def seal(self, xml: str, nonce: str, timestamp: str) -> str:
        sealed: str = self._crypto.encrypt_message(xml, nonce, timestamp)
        return sealed


def check_aes_key(key: str, name: str) -> None:
    """An EncodingAESKey is 43 characters that hold 32 bytes; anything else raises ValueError with what to do."""
    try:
        is_right = len(key) == 43 and len(base64.b64decode(key + "=", validate=True)) == 32
    except (binascii.Error, ValueError):
        is_right = False
    if not is_right:
        raise ValueError(f"{name} must be the 43 characters of the EncodingAESKey shown beside the callback URL")


def fields_of_wecom(xml: str) -> Fields:
    """Raises Malformed."""
    return _fields(parse_wecom, xml)


def fields_of_wechat(xml: str) -> Fields:
    """Raises Malformed. `qrscene_` is already taken off the EventKey of a follow by QR code (event subscribe_scan)."""
    return _fields(parse_wechat, xml)


def text_reply(to: str, sender: str, text: str, timestamp: int) -> str:
    """A passive reply as XML."""
    # CDATA cannot hold its own end, so it is opened again in the middle of it
    content = text.replace("]]>", "]]]]><![CDATA[>")
    xml: str = TextReply(target=to, source=sender, content=content, time=timestamp).render()
    return xml


def read_flat(body: bytes | str) -> dict[str, str]:
    """The texts of the elements right under the root. Raises Malformed: no XML, a DTD, too deep, too many elements."""
    reader = _FlatReader()
    try:
        text = body.decode() if isinstance(body, bytes) else body
        reader.parser.Parse(text.encode(), True)
    except (UnicodeError, expat.ExpatError) as trouble:
        raise Malformed("not well-formed XML in UTF-8") from trouble
    return reader.found


class _FlatReader:
    """Reads with expat itself: a document type is refused where it begins, before any entity could be declared."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._path: list[str] = []
        self._elements = 0
        self._letters: list[str] = []

    def _doctype(self, *_: object) -> None:
        raise Malformed("a document type is not allowed")

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._elements += 1
        self._path.append(name)
        if self._elements > _MOST_ELEMENTS or len(self._path) > _DEEPEST:
            raise Malformed("too many or too deep elements")
        if len(self._path) == 2:
            self._letters = []

    def _text(self, letters: str) -> None:
        if len(self._path) == 2:
            self._letters.append(letters)

    def _end(self, name: str) -> None:
        if len(self._path) == 2:
            self.found[name] = "".join(self._letters).strip()
        self._path.pop()


def _fields(parse: Callable[[str], Any], xml: str) -> Fields:
    read_flat(xml)  # refuses what must not reach wechatpy's parser
    try:
        data = parse(xml)._data
    except (*_BROKEN, expat.ExpatError) as trouble:
        raise Malformed("no message in the XML") from trouble
    values = {name: value for name, value in data.items() if isinstance(value, str)}
    return Fields(values.get("MsgType", "").lower(), values.get("Event", "").lower(), values)


def _unseal(crypto: Any, token: str, stamp: Stamp, encrypted: str) -> str:
    _demand(stamp.sealed_signature, token, stamp.timestamp, stamp.nonce, encrypted)
    letter = {"Encrypt": encrypted}
    return _decrypt(lambda: crypto.decrypt_message(letter, stamp.sealed_signature, stamp.timestamp, stamp.nonce))


def _decrypt(work: Callable[[], Any]) -> str:
    try:
        text: str = work()
    except _BROKEN as trouble:
        raise Forged("cannot be decrypted with our key for our id") from trouble
    return text


def _demand(signature: str, token: str, *parts: str) -> None:
    """wechatpy compares signatures too, but not in constant time."""
    signer = WeChatSigner()
    signer.add_data(token, *parts)
    if not hmac.compare_digest(signer.signature.encode(), signature.encode(errors="replace")):
        raise Forged("wrong signature")
