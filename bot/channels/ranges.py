"""A part of something, as a request's `Range` names it: players of sound ask so, and Safari plays nothing without."""

import re
from collections.abc import Mapping

from fastapi import Response

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def answer_in_part(content: bytes, mime: str, headers: Mapping[str, str], wanted: str | None) -> Response:
    """All of it, the one range that is wanted (206), or 416 where it has nothing there (RFC 9110, section 14).

    Several ranges at once, and what is no range, are answered with all of it, as the RFC allows.
    """
    given = {**headers, "Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch((wanted or "").strip())
    if match is None or match[1] == match[2] == "":
        return Response(content, media_type=mime, headers=given)
    size = len(content)
    if match[1] == "":
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
        if match[2] and int(match[2]) < first:  # no range at all
            return Response(content, media_type=mime, headers=given)
    if first >= size or last < first:
        return Response(status_code=416, headers={**given, "Content-Range": f"bytes */{size}"})
    part = {**given, "Content-Range": f"bytes {first}-{last}/{size}"}
    return Response(content[first : last + 1], 206, media_type=mime, headers=part)
