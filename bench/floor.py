"""The least that a Slack app can do: a bare FastAPI route that checks the signature, acknowledges, and posts a word back.

What Parley's times are compared with; started by bench/road.py with a port and the stand-in's address.
"""

import sys
from typing import Any

import aiohttp
import uvicorn
from fastapi import BackgroundTasks, FastAPI, Request, Response
from slack_sdk.signature import SignatureVerifier

from tests.platforms.slack import BOT_TOKEN, SIGNING_SECRET


def bare_app(slack_url: str) -> FastAPI:
    app = FastAPI()
    verifier = SignatureVerifier(SIGNING_SECRET)
    sessions: list[aiohttp.ClientSession] = []

    async def say(channel: str, ts: str) -> None:
        if not sessions:
            sessions.append(aiohttp.ClientSession(headers={"Authorization": f"Bearer {BOT_TOKEN}"}))
        metadata = {"event_type": "floor", "event_payload": {"key": ts}}
        said = {"channel": channel, "text": "ok", "metadata": metadata}
        async with sessions[0].post(f"{slack_url}chat.postMessage", json=said) as answer:
            await answer.read()

    @app.post("/slack/events")
    async def hear(request: Request, after: BackgroundTasks) -> Response:
        if not verifier.is_valid_request(await request.body(), dict(request.headers)):
            return Response(status_code=401)
        event: dict[str, Any] = (await request.json())["event"]
        after.add_task(say, event["channel"], event["ts"])
        return Response(status_code=200)

    return app


if __name__ == "__main__":
    uvicorn.run(bare_app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
