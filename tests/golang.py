"""The Go compiler that builds the other projects' programs.

Debian 12 has Go 1.19, too old for them. But it can fetch a newer compiler as the module it is, by
name and checked against Go's own checksum database; a Go from 1.21 on does so by itself.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from environment import cache

TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64"
FETCHES_BY_ITSELF = (1, 21)


def compiler() -> Path:
    """A Go that is new enough."""
    installed = shutil.which("go")
    shown = subprocess.run([installed, "version"], check=True, capture_output=True, text=True)
    version = re.search(r"go(\d+)\.(\d+)", shown.stdout).groups()
    return Path(installed) if tuple(map(int, version)) >= FETCHES_BY_ITSELF else _fetched(installed)


def _fetched(installed: str) -> Path:
    modules = os.environ | {"GOMODCACHE": str(cache() / "go" / "toolchain")}
    download = subprocess.run([installed, "mod", "download", "-json", TOOLCHAIN], env=modules,
                              check=True, capture_output=True, text=True)
    root = Path(json.loads(download.stdout)["Dir"])
    for program in [*root.glob("bin/*"), *root.glob("pkg/tool/*/*")]:
        program.chmod(0o755)  # modules are kept without execute permission
    return root / "bin" / "go"
