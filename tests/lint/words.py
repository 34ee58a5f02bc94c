"""Words that the code does without, each with its reason."""

import pathlib
import re

import tree

# In C++, comments and strings apart.
CODE_WORDS = {
    r"\bstd::function\b": "allocates; use meshkit/base/callback.h",
    r"\b(shared_ptr|weak_ptr|enable_shared_from_this)\b": "every object has one owner",
    r"\b(throw|catch|try)\b": "failures are values (Result)",
    r"\bdelete this\b": "the owner retires what it owns",
    r"<iostream>|\bstd::(cout|cerr|endl)\b": "log through meshkit/base/log.h",
    r"\b(sleep_for|usleep|sleep)\(": "time is injected, and a loop never blocks",
}
# Owning memory by hand is for these files alone.
NEW_AND_DELETE = r"(?<!operator )\b(new|delete)\b(?!;|\))"
ALLOCATORS = re.compile(r"meshkit/(async/handle\.h|base/(slab|snapshot|block_pool|callback)\.(h|cpp))$")

# In C++ as a whole, comments included.
TEXT_WORDS = {
    r"(?i)\b(up|down)stream": "has two opposite meanings; say inbound/outbound or client/server",
    r"\bTODO\b(?!\(#\d+\))|\bFIXME\b|\bXXX\b": "name an issue, TODO(#12), or do it now",
    r"\bNOLINT\w*(?!\w*\(.+\): )": "name the check and the reason: NOLINT(check): why",
}

FILE_NAME = re.compile(r"(^|_)(utils?|common|helpers?|managers?|impl|misc)(_|\.|$)")


def faults(files: dict[str, str]):
    for path, text in files.items():
        if FILE_NAME.search(pathlib.PurePath(path).name):
            yield f"{path}: the name says nothing about what is in it"
        if path.endswith(tree.CODE):
            yield from word_faults(path, text)


def word_faults(path: str, text: str):
    code = tree.code(text)
    for words, subject in ((CODE_WORDS, code), (TEXT_WORDS, text)):
        for word, reason in words.items():
            for number, found in tree.lines_with(word, subject):
                yield f"{path}:{number}: {found.strip()}: {reason}"
    if not ALLOCATORS.search(path):
        for number, found in tree.lines_with(NEW_AND_DELETE, code):
            if not re.search(r"= delete|new \(", code.splitlines()[number - 1]):
                yield f"{path}:{number}: {found}: an owner is a member or a unique_ptr"


GOOD = {
    "proxy/balance/ewma.h": "Ewma(const Ewma&) = delete;  // new numbers throw nothing away\n"
                            "// TODO(#12): weights\n",
    "meshkit/async/handle.h": "delete block;",
}
BAD = [
    {"proxy/util.h": ""},
    {"proxy/string_helpers.cpp": ""},
    {"proxy/a.h": "std::function<void()> done;"},
    {"proxy/a.h": "std::shared_ptr<int> p;"},
    {"proxy/a.h": "throw 1;"},
    {"proxy/a.h": "auto* p = new int;"},
    {"proxy/a.h": "delete this;"},
    {"proxy/a.h": "// the upstream server"},
    {"proxy/a.h": "int downstream_port;"},
    {"proxy/a.h": "// TODO: later"},
    {"proxy/a.h": "int a;  // NOLINT"},
    {"tests/unit/a.cpp": "std::this_thread::sleep_for(1s);"},
]
