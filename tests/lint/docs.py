"""What the documents name must exist: files, headings, settings and metrics."""

import pathlib
import posixpath
import re
import subprocess

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TICKED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:\.\./)*[\w.-]+(?:/[\w.-]+)+/?$")
SETTING = re.compile(r"\bMESH_PROXY_[A-Z0-9_]+\b")
METRIC = re.compile(r"[a-z]+(?:_[a-z0-9]+)*_(?:total|bytes|seconds|ms)$")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

# Where a pointer may start, besides the folder of the document.
ROOTS = ("", "subprojects/meshkit/")
TOP_LEVEL = ("proxy", "controller", "cli", "manifests", "subprojects", "tests", "docs", "meshkit")
SUFFIXES = ("", ".h", ".cpp", ".py", ".proto", ".md")

# A made-up file of the tree: what `mesh-proxy --help` prints, where it has been built.
HELP = "mesh-proxy --help"
SETTINGS = "docs/settings.md"


def faults(files: dict[str, str]):
    files = with_help(files)
    folders = {str(parent) for path in files for parent in pathlib.PurePath(path).parents}
    known = set(files) | folders
    sources = "".join(text for path, text in files.items() if path.endswith(tree.CODE))
    for path, text in files.items():
        if path.endswith(".md"):
            yield from link_faults(path, text, files, known)
            yield from pointer_faults(path, text, known)
            yield from metric_faults(path, text, sources)
            yield from setting_faults(path, text, files.get(HELP))
    if HELP in files and SETTINGS in files:
        for name in sorted(set(SETTING.findall(files[HELP])) - set(SETTING.findall(files[SETTINGS]))):
            yield f"{SETTINGS}: {name} is missing"


def with_help(files: dict[str, str]) -> dict[str, str]:
    programs = [tree.ROOT / "build" / name / "proxy/mesh-proxy" for name in ("release", "asan")]
    for program in programs:
        if HELP not in files and SETTINGS in files and program.exists():
            shown = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
            return {**files, HELP: shown.stdout}
    return files


def link_faults(path: str, text: str, files, known):
    for link in LINK.findall(FENCE.sub("", text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
        if file not in known:
            yield f"{path}: {link} does not exist"
        elif anchor and file.endswith(".md") and anchor not in anchors(files[file]):
            yield f"{path}: {file} has no heading #{anchor}"


def anchors(text: str) -> set[str]:
    """The headings of a document as the links to them are spelled."""
    headings = re.findall(r"^#+ +(.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def pointer_faults(path: str, text: str, known):
    for word in TICKED.findall(FENCE.sub("", text)):
        if PATH.match(word) and word.split("/")[0] in TOP_LEVEL:
            pointer = word.rstrip("/")
            if not any(root + pointer + end in known for root in ROOTS for end in SUFFIXES):
                yield f"{path}: {word} does not exist"


def metric_faults(path: str, text: str, sources: str):
    for word in TICKED.findall(text):
        name = word.partition("{")[0]
        if METRIC.match(name):
            stem = re.sub(r"_(total|bucket|count|sum)$", "", name)
            if not re.search(rf'"{stem}(_\w+)?"', sources):
                yield f"{path}: no source file has a metric {name}"


def setting_faults(path: str, text: str, shown):
    if shown is not None:
        for name in sorted(set(SETTING.findall(text)) - set(SETTING.findall(shown))):
            yield f"{path}: {name} is no setting of mesh-proxy"


_TREE = {"proxy/balance/ewma.h": 'counter("request_total")', HELP: "MESH_PROXY_LOG",
         SETTINGS: "# Settings\n`MESH_PROXY_LOG`"}
GOOD = {**_TREE, "README.md": "[s](docs/settings.md#settings) `proxy/balance/ewma` `request_total`"}
BAD = [
    {**_TREE, "README.md": "[gone](docs/gone.md)"},
    {**_TREE, "README.md": "[gone](docs/settings.md#gone)"},
    {**_TREE, "README.md": "`proxy/balance/gone.h`"},
    {**_TREE, "README.md": "`gone_total`"},
    {**_TREE, "README.md": "`MESH_PROXY_GONE`"},
    {**_TREE, SETTINGS: "nothing"},
]
