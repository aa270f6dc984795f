"""A strict stand-in of api.weixin.qq.com: customer-service messages within their quota, tokens and media."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from tests.platforms.tencent import Json, TencentPlatform, demand

_QUOTAS = {"message": (5, timedelta(hours=48)), "act": (3, timedelta(minutes=1))}


@dataclass
class _Quota:
    left: int
    until: datetime


@dataclass
class Weixin(TencentPlatform):
    """`hears()` what a follower does and opens the quota for it; `said` is what arrived, as (openid, text).

    `seen` are the pictures that arrived; `has_service` is whether the account may send customer-service messages at all.
    """

    shows = frozenset({"png", "jpeg", "gif"})
    takes = frozenset({"image"})

    followers: set[str] = field(default_factory=lambda: {"oCustomer1"})
    said: list[tuple[str, str]] = field(default_factory=list)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    has_service: bool = True
    videos: dict[str, bytes] = field(default_factory=dict)
    video_host: str | None = None
    _quotas: dict[tuple[str, str], _Quota] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/cgi-bin/token", self.answering(self._token, self.token_faults)),
            web.post("/cgi-bin/message/custom/send", self.answering(self._send)),
            web.post("/cgi-bin/media/upload", self.answering(self.upload)),
            web.get("/cgi-bin/media/get", self._media),
            web.get("/videos/{name}", self._video),
        ]

    def hears(self, openid: str, what: str = "message") -> None:
        messages, lasts = _QUOTAS[what]
        self._quotas[openid, what] = _Quota(messages, self.now() + lasts)

    def use_up(self, openid: str) -> None:
        """All that could be sent to this follower before their next message has been sent, by somebody else."""
        for quota in (quota for (who, _), quota in self._quotas.items() if who == openid):
            quota.left = 0

    async def _token(self, request: web.Request) -> Json:
        query = request.query
        demand(query.get("grant_type") == "client_credential", 40002, "invalid grant_type")
        return self.give_token(query.get("appid", ""), query.get("secret", ""), 40013, 40125, 40164)

    async def _send(self, request: web.Request) -> Json:
        self.demand_token(request)
        demand(self.has_service, 48001, "api unauthorized")
        raw = await request.text()
        demand("\\u" not in raw, 40033, "Chinese must not be escaped: it would be shown as it stands")
        payload = await request.json()
        openid = payload.get("touser", "")
        demand(openid.startswith("o"), 40003, "invalid openid")
        demand(openid in self.followers, 43004, "require subscribe")
        # a customer-service message knows no file
        demand(payload.get("msgtype") in ("text", "image"), 40008, "invalid message type")
        if payload["msgtype"] == "image":
            demand(set(payload["image"]) == {"media_id"}, 40035, "invalid parameter")
            image = self.image_of(payload["image"]["media_id"])
            self._spend(openid)
            self.seen.append((openid, image))
            return {"errcode": 0, "errmsg": "ok"}
        text = payload.get("text", {}).get("content", "")
        demand(bool(text), 44004, "empty content")
        demand(len(text.encode()) <= 2048, 45002, "content size out of limit")
        self._spend(openid)
        self.said.append((openid, text))
        return {"errcode": 0, "errmsg": "ok"}

    def _spend(self, openid: str) -> None:
        open_quotas = [self._quotas[openid, what] for what in ("act", "message") if (openid, what) in self._quotas]
        open_quotas = [quota for quota in open_quotas if self.now() < quota.until]
        demand(bool(open_quotas), 45015, "response out of time limit or subscription is canceled")
        usable = next((quota for quota in open_quotas if quota.left), None)
        demand(usable is not None, 45047, "out of response count limit")
        assert usable is not None
        usable.left -= 1

    async def _media(self, request: web.Request) -> web.StreamResponse:
        media = request.query.get("media_id", "")
        if media in self.videos:
            return web.json_response({"video_url": f"{self.video_host or self.url}/videos/{media}"})
        return await self.send_media(request)

    async def _video(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.videos[request.match_info["name"]], content_type="video/mp4")
