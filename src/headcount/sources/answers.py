"""What a server sent, decoded."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["decoded"]


def decoded(body: bytes) -> Any:
    """The values of a JSON text. Halves of a character, which some servers let through, become U+FFFD.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if b"\\u" not in body:
            raise ValueError(str(error)) from None
    text = json.dumps(json.loads(body, parse_constant=_refuse), ensure_ascii=False)
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
