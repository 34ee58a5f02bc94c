"""Where the programs under test are, and programs of other projects that are built on demand."""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path

import golang
from environment import cache

ROOT = Path(__file__).resolve().parents[3]

CORPORA = ("gunicorn-27.0.1", "aiohttp-3.14.5")

H2SPEC_MODULE = """module h2spec.local
go 1.23
require (
  github.com/summerwind/h2spec v2.2.1+incompatible
  github.com/spf13/cobra v1.8.1
  github.com/fatih/color v1.18.0
  golang.org/x/net v0.35.0
  gopkg.in/yaml.v2 v2.4.0
)
"""


def built(name: str) -> Path | None:
    """A program of this project, from $MESH_BUILD or build/release; None when not built."""
    folder = Path(os.environ.get("MESH_BUILD", ROOT / "build" / "release"))
    for path in sorted(folder.rglob(name)):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def published(program: Path, folder: Path) -> Path:
    """A copy of `program` in `folder` that any user can run, whatever guards the original."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / program.name
    if not copy.exists() or copy.stat().st_mtime < program.stat().st_mtime:
        shutil.copy2(program, copy)
        copy.chmod(0o755)
    return copy


def fetch() -> None:
    """Gets and builds everything below, where there is a network."""
    for program in (fortio, grpc_interop_client, grpc_interop_server, h2spec):
        program()
    for package in CORPORA:
        corpus(package)


def corpus(package: str) -> Path:
    """The unpacked source distribution of `package`, for the raw requests in its tests."""
    folder = cache() / "corpora" / package
    with _locked():
        if not folder.exists():
            _download(package, folder.parent)
    return folder


def _download(package: str, folder: Path) -> None:
    name, _, version = package.rpartition("-")
    with tempfile.TemporaryDirectory() as fetched:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                   "--disable-pip-version-check", "--no-binary", ":all:", "--dest", fetched]
        subprocess.run([*command, f"{name}=={version}"], check=True)
        with tarfile.open(Path(fetched) / f"{package}.tar.gz") as archive:
            archive.extractall(folder, filter="data")


def fortio() -> Path:
    return _installed("fortio-1.66.5", "fortio", "fortio.org/fortio@v1.66.5")


def grpc_interop_client() -> Path:
    return _installed("grpc-1.85.0", "client", "google.golang.org/grpc/interop/client@v1.85.0")


def grpc_interop_server() -> Path:
    return _installed("grpc-1.85.0", "server", "google.golang.org/grpc/interop/server@v1.85.0")


def h2spec() -> Path:
    """h2spec has no go.mod of its own, so it is built inside a module that pins what it needs."""
    program = cache() / "go" / "h2spec-2.2.1" / "h2spec"
    with _locked():
        if not program.exists():
            module = program.parent / "module"
            module.mkdir(parents=True, exist_ok=True)
            (module / "go.mod").write_text(H2SPEC_MODULE, encoding="ascii")
            command = "github.com/summerwind/h2spec/cmd/h2spec"
            _go(["build", "-mod=mod", "-o", str(program), command], cwd=module)
    return program


def _installed(folder: str, name: str, package: str) -> Path:
    program = cache() / "go" / folder / name
    with _locked():
        if not program.exists():
            program.parent.mkdir(parents=True, exist_ok=True)
            _go(["install", package], env={"GOBIN": str(program.parent)})
    return program


def _go(arguments: list[str], cwd: Path | None = None, env: dict | None = None) -> None:
    command = [golang.compiler(), *arguments]
    subprocess.run(command, cwd=cwd, env=os.environ | (env or {}), check=True)


@contextmanager
def _locked():
    """One build at a time, also between test runs."""
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / "go.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
