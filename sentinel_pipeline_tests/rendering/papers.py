"""Reading documents back with tools that did not write them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from unicodedata import normalize

import pytest


def run(*command: str | Path) -> str:
    """What a program printed; the test is skipped, with the reason, where the program is missing."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode("utf-8", errors="replace")


def squeezed(text: str) -> str:
    """Text without white space, so that line breaks of a page do not matter."""
    return re.sub(r"\s+", "", normalize("NFC", text))


def lost_characters(text: str, printed: str) -> list[str]:
    """Characters of a text that a document shows neither as themselves nor as U+XXXX; spaces are spaces."""
    seen = set(normalize("NFD", printed)) | set(printed)
    return [
        character
        for character in sorted(set(text))
        if character not in seen and f"U+{ord(character):04X}" not in printed and character not in " \n\u00a0\u202f"
    ]
