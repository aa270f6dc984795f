"""Calls the callbacks as Tencent's servers do, with wechatpy's own encryption and signature, from outside."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise import WeChatCrypto as WeComCrypto
from wechatpy.enterprise.crypto import PrpCrypto as WeComCipher
from wechatpy.utils import WeChatSigner

DELIVERIES = 3
"""The platforms ask three times, five seconds apart, until they get a 200."""


def xml_of(**fields: object) -> str:
    """A message as the platforms write it."""
    inner = "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>"


def _value(value: object) -> str:
    return str(value) if isinstance(value, int) else f"<![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]>"


def sign(token: str, *parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(token, *parts)
    return str(signer.signature)


@dataclass
class WeComServer:
    """Delivers to /wecom/callback; `now` is the platform's clock."""

    client: httpx.AsyncClient
    token: str
    aes_key: str
    corp_id: str
    now: Callable[[], datetime]
    _nonces: Any = field(default_factory=lambda: itertools.count(1_000_000))

    async def prove(self, echo: str, aes_key: str | None = None) -> httpx.Response:
        """Asks the URL to prove itself, as saving the settings in the console does."""
        timestamp, nonce = self._stamp()
        sealed = WeComCipher(WeComCrypto(self.token, aes_key or self.aes_key, self.corp_id).key)
        echostr = sealed.encrypt(echo, self.corp_id).decode()
        query = {"msg_signature": sign(self.token, timestamp, nonce, echostr), "timestamp": timestamp, "nonce": nonce}
        return await self.client.get("/wecom/callback", params={**query, "echostr": echostr})

    async def deliver(self, xml: str, *, nonce: str | None = None, timestamp: str | None = None) -> httpx.Response:
        stamp, fresh = self._stamp()
        query, body = self.sealed(xml, timestamp or stamp, nonce or fresh)
        return await self.client.post("/wecom/callback", params=query, content=body)

    async def deliver_until_taken(self, xml: str) -> list[httpx.Response]:
        """The first delivery and, while it is not taken, the repeats."""
        timestamp, nonce = self._stamp()
        responses: list[httpx.Response] = []
        while len(responses) < DELIVERIES and (not responses or responses[-1].status_code != 200):
            responses.append(await self.deliver(xml, nonce=nonce, timestamp=timestamp))
        return responses

    def sealed(self, xml: str, timestamp: str, nonce: str) -> tuple[dict[str, str], str]:
        """The query and the body of one delivery."""
        crypto = WeComCrypto(self.token, self.aes_key, self.corp_id)
        encrypted = WeComCipher(crypto.key).encrypt(xml, self.corp_id).decode()
        signature = sign(self.token, timestamp, nonce, encrypted)
        body = f"<xml><ToUserName>{escape(self.corp_id)}</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}, body

    def _stamp(self) -> tuple[str, str]:
        return str(int(self.now().timestamp())), str(next(self._nonces))


@dataclass
class WeChatServer:
    """Delivers to /wechat/callback in plain, compatible or AES mode."""

    client: httpx.AsyncClient
    token: str
    aes_key: str
    app_id: str
    now: Callable[[], datetime]
    mode: str = "plain"
    _nonces: Any = field(default_factory=lambda: itertools.count(1_000_000))

    async def prove(self, echo: str) -> httpx.Response:
        timestamp, nonce = self._stamp()
        query = {"signature": sign(self.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        return await self.client.get("/wechat/callback", params={**query, "echostr": echo})

    async def deliver(self, xml: str, *, nonce: str | None = None, timestamp: str | None = None) -> httpx.Response:
        stamp, fresh = self._stamp()
        timestamp, nonce = timestamp or stamp, nonce or fresh
        query = {"signature": sign(self.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        body = xml
        if self.mode != "plain":
            encrypted = self._encrypted(xml)
            query |= {"encrypt_type": "aes", "msg_signature": sign(self.token, timestamp, nonce, encrypted)}
            clear = xml.removeprefix("<xml>").removesuffix("</xml>") if self.mode == "compatible" else ""
            body = f"<xml>{clear}<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        return await self.client.post("/wechat/callback", params=query, content=body.encode())

    def unseal(self, response: httpx.Response) -> str:
        """The XML of an encrypted passive reply; wechatpy demands its signature."""
        crypto = WeChatCrypto(self.token, self.aes_key, self.app_id)
        outside = _flat(response.text)
        clear = crypto.decrypt_message(response.text, outside["MsgSignature"], outside["TimeStamp"], outside["Nonce"])
        return str(clear)

    def _encrypted(self, xml: str) -> str:
        crypto = WeChatCrypto(self.token, self.aes_key, self.app_id)
        return _flat(crypto.encrypt_message(xml, "1", "1"))["Encrypt"]

    def _stamp(self) -> tuple[str, str]:
        return str(int(self.now().timestamp())), str(next(self._nonces))


def content_of(xml: str) -> str:
    """What a passive reply says."""
    return _flat(xml)["Content"]


def _flat(xml: str) -> dict[str, str]:
    return {each.tag: each.text or "" for each in ElementTree.fromstring(xml)}
