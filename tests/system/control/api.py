"""The messages of the control API, read from the .proto files of the tree at start.

`build("io.linkerd.proxy.net.TcpAddress", {...})` makes a message from nested dictionaries, so
nothing generated has to be kept anywhere.
"""

import tempfile
from functools import cache
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

import grpc_tools

ROOT = Path(__file__).resolve().parents[3]
PROTOS = ROOT / "subprojects" / "meshkit" / "meshkit" / "api"
PACKAGE = "io.linkerd.proxy"


def build(name: str, fields: dict | None = None):
    """A message of type `name` (below io.linkerd.proxy), filled from `fields`."""
    return message(name)(**(fields or {}))


@cache
def message(name: str):
    """The class of the message `name`."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in _descriptors().file:
        pool.Add(file)
    return pool


def _descriptors() -> descriptor_pb2.FileDescriptorSet:
    files = sorted(PROTOS.rglob("*.proto"))
    if not files:
        raise FileNotFoundError(f"no .proto files under {PROTOS}")
    include = _include_root(files)
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.NamedTemporaryFile(suffix=".pb") as out:
        arguments = [
            "protoc", f"-I{include}", f"-I{well_known}", "--include_imports",
            f"--descriptor_set_out={out.name}", *[str(f.relative_to(include)) for f in files],
        ]
        if protoc.main(arguments) != 0:
            raise RuntimeError("the .proto files do not compile")
        return descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes())


def _include_root(files: list[Path]) -> Path:
    """The folder that the imports of `files` are relative to."""
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("import ") or "google/protobuf/" in line:
                continue
            imported = line.split('"')[1]
            for folder in file.parents:
                if (folder / imported).exists():
                    return folder
    return PROTOS
