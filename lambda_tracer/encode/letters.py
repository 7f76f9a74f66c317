"""The characters beyond ASCII that X-Ray takes in a name: letters, digits and spaces of up to 16 bits."""

from __future__ import annotations

import unicodedata  # 1 MB of tables

from ..xray import ASCII_NAME


def is_taken(character: str) -> bool:
    """Whether X-Ray takes a character, of ASCII or beyond."""
    if character in ASCII_NAME:
        return True
    if character.isascii() or character > "\uffff":
        return False
    # X-Ray's pattern lists the letters of an older Unicode; those of 3.2 are all among them.
    is_word = character.isalnum() and unicodedata.ucd_3_2_0.category(character)[0] in "LN"
    return is_word or unicodedata.category(character)[0] == "Z"
