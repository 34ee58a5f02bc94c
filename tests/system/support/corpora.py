"""Raw requests from other projects' tests, read from their source distributions."""

import re
from pathlib import Path

from support import programs


def gunicorn(kind: str) -> dict[str, bytes]:
    """The requests that gunicorn calls `kind`: valid or invalid."""
    folder = programs.corpus("gunicorn-27.0.1") / "tests" / "requests" / kind
    return {file.stem: _gunicorn_bytes(file) for file in sorted(folder.glob("*.http"))}


def llhttp() -> dict[str, bytes]:
    """Every request in llhttp's own tests, good and bad."""
    folder = programs.corpus("aiohttp-3.14.5") / "vendor" / "llhttp" / "test" / "request"
    found = {}
    for file in sorted(folder.glob("*.md")):
        blocks = re.findall(r"```http\n(.*?)```", file.read_text("utf-8"), re.DOTALL)
        for number, text in enumerate(blocks):
            if "${" not in text:  # those are made by JavaScript
                found[f"{file.stem}-{number}"] = _llhttp_bytes(text)
    return found


def _gunicorn_bytes(file: Path) -> bytes:
    """Line ends in the file mean nothing; those that count are written as escapes."""
    data = file.read_bytes().replace(b"\n", b"").replace(b"\\r\\n", b"\r\n")
    data = data.replace(b"\\0", b"\0").replace(b"\\n", b"\n").replace(b"\\t", b"\t")
    return re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), data)


def _llhttp_bytes(text: str) -> bytes:
    """As llhttp's test/md-test.ts reads them."""
    text = re.sub(r"\n$", "", text)
    text = re.sub(r"\\\n", "", text)
    text = re.sub(r"\r\n|\r|\n", "\r\n", text)
    for escape, character in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f")):
        text = text.replace(escape, character)
    text = re.sub(r"\\x([0-9a-fA-F]+)", lambda m: chr(int(m[1], 16)), text)
    text = re.sub(r"\\([0-7]{1,3})", lambda m: chr(int(m[1], 8)), text)
    return text.encode("latin1", errors="replace") if text.isascii() else text.encode("utf-8")
