"""The files of the repository, as every lint sees them."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = (".cpp", ".h")

# Comments and literals of C++, which keep their line breaks so that line numbers stay right.
_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def read() -> dict[str, str]:
    """Path to text, for all that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True)
    files = {}
    for path in listed.stdout.splitlines():
        try:
            files[path] = (ROOT / path).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            pass  # deleted but not yet committed, or binary
    return files


def code(text: str) -> str:
    """C++ without its comments and string literals."""
    return _COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text)


def lines_with(pattern: str, text: str):
    """The number of every line in which the pattern is found, and what was found."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = re.search(pattern, line)
        if found:
            yield number, found.group()
