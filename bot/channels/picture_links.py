"""Addresses of pictures and files on our page and API: nobody guesses them, and they name a stored reply, never a path."""

import asyncio
import hmac
import re
import secrets
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from fastapi import HTTPException, Response

from bot.channels.pictures import load
from bot.channels.ranges import answer_in_part
from bot.kept_papers import mime_of
from bot.message import Reply
from bot.reply_files import ReplyFiles

_TOKEN = re.compile(r"([0-9]{1,18})-([0-9]{1,3})-([0-9a-f]{32})")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "private, max-age=3600",
}


class PictureLinks:
    """Tokens for the pictures of stored replies; `store` names where the replies stand, so that no token fits elsewhere."""

    def __init__(self, home: Path, store: str) -> None:
        self._home = home
        self._store = store

    def token(self, row: int, place: int) -> str:
        return f"{row}-{place}-{self._seal(row, place)}"

    def read(self, token: str) -> tuple[int, int] | None:
        """The row of the reply and the picture's place in it; None where the token is not ours."""
        return self._read(token, "")

    def _read(self, token: str, what: str) -> tuple[int, int] | None:
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        row, place = int(match[1]), int(match[2])
        return (row, place) if hmac.compare_digest(match[3], self._seal(row, place, what)) else None

    def file_token(self, row: int, place: int) -> str:
        """The token of a file of a stored reply; no picture's token fits it."""
        return f"{row}-{place}-{self._seal(row, place, 'file')}"

    def read_file(self, token: str) -> tuple[int, int] | None:
        """The row of the reply and the file's place in it; None where the token is not ours."""
        return self._read(token, "file")

    def _seal(self, row: int, place: int, what: str = "") -> str:
        sealed = f"{self._store}{what and f'/{what}'}:{row}:{place}"
        return hmac.new(self._key, sealed.encode(), sha256).hexdigest()[:32]

    @cached_property
    def _key(self) -> bytes:
        """Kept in the home, made on first use; of two processes that make one at once, both take the first."""
        path = self._home / "picture_key"
        if not path.exists():
            fresh = self._home / f"picture_key.{secrets.token_hex(4)}"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(32))
            try:
                path.hardlink_to(fresh)
            except FileExistsError:
                pass
            fresh.unlink()
        return path.read_bytes()


async def picture_answer(reply: Reply | None, place: int) -> Response:
    """The picture at this place of a stored reply. Raises HTTPException 404 when there is none any more."""
    if reply is not None and place < len(reply.pictures):
        loaded = await asyncio.to_thread(load, reply.pictures[place])
        if loaded is not None:
            return Response(loaded.content, media_type=loaded.mime, headers=_HEADERS)
    raise HTTPException(404, "There is no such picture any more.")


async def file_answer(reply: Reply | None, place: int, files: ReplyFiles, wanted: str | None = None) -> Response:
    """The file at this place of a stored reply, to be kept and not shown by the browser; sound is there to be played.

    `wanted` is the request's `Range`: players ask for sound in pieces. Raises HTTPException 404 when there is none any
    more, or its reader may not have it any more.
    """
    if reply is not None and place < len(reply.files):
        file = reply.files[place]
        content = await files.content(file)
        if isinstance(content, bytes):
            kept = f"{'inline' if file.clip else 'attachment'}; filename*=UTF-8''{quote(file.name)}"
            headers = {**_HEADERS, "Cache-Control": "no-store", "Content-Disposition": kept}
            return answer_in_part(content, mime_of(file), headers, wanted)
    raise HTTPException(404, "There is no such file any more.")
