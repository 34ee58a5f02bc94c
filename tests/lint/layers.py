"""Who may include whom, and where each third-party library may be seen.

The build files are the source of truth: `below` in subprojects/meshkit/meson.build orders the
folders of meshkit, and each proxy/<folder>/meson.build names in `needs` the folders it uses. The
compiler cannot hold code to them, since all folders share one include root; this lint does.

A source includes its own header first, so that compiling it shows that the header stands alone.
"""

import re

import tree

INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)

# Pattern of a library's names, and the only places that may use them.
THIRD_PARTY = {
    r"\buv_\w+|<uv\.h>": ("meshkit/async/", "meshkit/net/"),
    r"\b(SSL|X509|EVP|BIO)_\w+|\bbssl::|<openssl/": ("meshkit/tls/",),
    r"\b(nghttp2|llhttp)_\w+|<nghttp2/|<llhttp\.h>": ("meshkit/http/",),
    r"\bares_\w+|<ares\.h>": ("meshkit/net/resolver",),
    r"\bnftnl_\w+|<libnftnl/": ("proxy/init/",),
}

MESHKIT = "subprojects/meshkit/"
NEVER = {("proxy/inbound", "proxy/outbound"), ("proxy/outbound", "proxy/inbound")}


def faults(files: dict[str, str]):
    below = meshkit_order(files[MESHKIT + "meson.build"])
    for path, text in files.items():
        if path.endswith(tree.CODE) and not path.startswith("tests/"):
            yield from include_faults(files, below, path, text)
            yield from third_party_faults(path, text)
            yield from order_faults(files, path, text)


def meshkit_order(build_file: str) -> dict[str, set[str]]:
    """Each folder of meshkit with everything below it."""
    below: dict[str, set[str]] = {}
    for folder, names in re.findall(r"^  '(\w+)': \[(.*)\],$", build_file, re.MULTILINE):
        direct = re.findall(r"'(\w+)'", names)
        below[folder] = set(direct).union(*(below[name] for name in direct))
    return below


def allowed(files, below, folder: str) -> set[str]:
    """The folders whose headers the files of this one may include."""
    area, _, name = folder.partition("/")
    if area == "meshkit":
        return {folder} | {f"meshkit/{lower}" for lower in below[name]}
    needs = files.get(f"{folder}/meson.build", "")
    used = re.findall(r"parts\['(\w+)'\]", needs)
    return {folder} | {f"meshkit/{lower}" for lower in below} | {f"{area}/{part}" for part in used}


def include_faults(files, below, path: str, text: str):
    folder = path.removeprefix(MESHKIT).rpartition("/")[0]
    if "/" not in folder:  # main and the composition root see everything
        return
    may = allowed(files, below, folder)
    for included in INCLUDE.findall(text):
        target = included.rpartition("/")[0]
        if target not in may or (folder, target) in NEVER:
            yield f'{path}: may not include "{included}"'


def third_party_faults(path: str, text: str):
    place = path.removeprefix(MESHKIT)
    for names, places in THIRD_PARTY.items():
        if not place.startswith(places):
            for number, found in tree.lines_with(names, tree.code(text)):
                yield f"{path}:{number}: {found} belongs in {' and '.join(places)}"


def order_faults(files, path: str, text: str):
    header = path.removesuffix(".cpp") + ".h"
    own = f'#include "{header.removeprefix(MESHKIT)}"'
    if header != path and header in files:
        first = re.search(r"^#include .*$", text, re.MULTILINE)
        if not first or first.group() != own:
            yield f"{path}: {own} does not come first"


_BUILD = {
    MESHKIT + "meson.build": "below = {\n  'base': [],\n  'net': ['base'],\n}\n",
    "proxy/balance/meson.build": "needs = [meshkit['base']]",
    "proxy/forward/meson.build": "needs = [parts['balance']]",
    "proxy/inbound/meson.build": "needs = [parts['outbound']]",
}
GOOD = {
    **_BUILD,
    MESHKIT + "meshkit/net/a.h": '#include "meshkit/base/b.h"\nuv_loop_t* loop;',
    "proxy/forward/a.h": '#include "proxy/balance/b.h"\n// uv_read_start is elsewhere',
    "proxy/app.cpp": '#include "proxy/inbound/a.h"\n#include "proxy/outbound/a.h"',
}
BAD = [
    {**_BUILD, MESHKIT + "meshkit/base/a.h": '#include "meshkit/net/b.h"'},
    {**_BUILD, MESHKIT + "meshkit/base/a.h": '#include "proxy/balance/b.h"'},
    {**_BUILD, "proxy/balance/a.h": '#include "proxy/forward/b.h"'},
    {**_BUILD, "proxy/inbound/a.cpp": '#include "proxy/outbound/b.h"'},
    {**_BUILD, "proxy/balance/a.h": "", "proxy/balance/a.cpp": "#include <array>"},
    {**_BUILD, "proxy/balance/a.cpp": "uv_loop_t loop;"},
    {**_BUILD, "proxy/balance/a.cpp": "#include <openssl/ssl.h>"},
]
