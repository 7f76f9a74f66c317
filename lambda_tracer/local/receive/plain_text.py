"""Plain text: what may reach a terminal from a function, a document or a command line.

A control character in it would command the terminal (its title, its clipboard, what it shows), and one that changes
the direction of writing would show something else than there is. Both are written as escapes, which can be read.
"""

from __future__ import annotations

import json
import unicodedata


def escaped(text: str, kept: str = "") -> str:
    r"""`text` with everything that can't be seen, or acts on what is, written as `\x1b`, `\u202e` and so on.

    That is control, format and private characters, lone surrogates and the separators of lines. Spaces stay, of any
    width; the characters in `kept` stay as well.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character in kept or _is_harmless(character) else _escape(character)
        for character in text
    )


def escaped_json(text: str) -> str:
    """A text of JSON without line breaks between its tokens: the same value, with nothing in it but what is plain."""
    if text.isprintable():
        return text
    return "".join(
        character if _is_harmless(character) or character == "\n" else json.dumps(character)[1:-1]
        for character in text
    )


def _is_harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
