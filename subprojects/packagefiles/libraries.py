#!/usr/bin/env python3
"""Builds the pinned third-party libraries, once, in a cache outside the checkout.

Each subprojects/<name>.wrap names a package of a public registry, the SHA-256 of its archive and
the folder in it that holds the library. The archive is fetched by the registry's own client,
checked, unpacked, built static and optimised with CMake, and installed under a folder named after
everything that went into it: a changed pin or recipe builds anew, anything else is found done.

Prints the pkg-config search path of the installed libraries, separated by commas.
"""

import configparser
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

SUBPROJECTS = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("MESH_CACHE", "~/.cache/mesh")).expanduser()
C_FLAGS = "-O3 -DNDEBUG -ffunction-sections -fdata-sections"


class Library:
    def __init__(self, wrap: pathlib.Path):
        config = configparser.ConfigParser()
        config.read(wrap)
        self.name = wrap.stem
        self.folder = config["wrap-file"]["directory"]
        self.archive = CACHE / "archives" / config["wrap-file"]["source_filename"]
        self.sha256 = config["wrap-file"]["source_hash"]
        self.package = config["package"]
        self.build_files = SUBPROJECTS / "packagefiles" / self.name
        recipe = [wrap, pathlib.Path(__file__), *sorted(self.build_files.glob("*"))]
        digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in recipe)).hexdigest()
        self.prefix = CACHE / "libraries" / f"{self.name}-{digest[:12]}"
        self.stamp = self.prefix / "complete"

    def is_built(self) -> bool:
        return self.stamp.exists()

    def is_fetched(self) -> bool:
        return self.archive.exists() and self.hash_of_archive() == self.sha256

    def hash_of_archive(self) -> str:
        return hashlib.sha256(self.archive.read_bytes()).hexdigest()

    def build(self):
        with tempfile.TemporaryDirectory() as scratch:
            with tarfile.open(self.archive) as archive:
                archive.extractall(scratch)
            sources = pathlib.Path(scratch, self.folder, self.package["sources"])
            project = self.build_files if self.build_files.exists() else sources
            build = pathlib.Path(scratch, "build")
            shutil.rmtree(self.prefix, ignore_errors=True)
            run("cmake", "-GNinja", f"-S{project}", f"-B{build}", f"-DSOURCES={sources}",
                f"-DCMAKE_INSTALL_PREFIX={self.prefix}", "-DCMAKE_INSTALL_LIBDIR=lib",
                "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_C_FLAGS_RELEASE={C_FLAGS}",
                f"-DCMAKE_CXX_FLAGS_RELEASE={C_FLAGS}", "-DBUILD_SHARED_LIBS=OFF",
                *self.package.get("options", "").split())
            run("cmake", "--build", build)
            run("cmake", "--install", build)
        self.stamp.touch()


def run(*command, **options):
    """Runs a command whose output is shown only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout)
        sys.exit(f"{' '.join(map(str, command))}: failed with status {done.returncode}")


def fetch_crates(libraries):
    """Cargo downloads whatever a project depends on: a throw-away one names the crates."""
    pins = "".join(f'{lib.package["name"]} = "={lib.package["version"]}"\n' for lib in libraries)
    with tempfile.TemporaryDirectory() as scratch:
        project = pathlib.Path(scratch)
        project.joinpath("lib.rs").touch()
        project.joinpath("Cargo.toml").write_text(
            '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n'
            f'[lib]\npath = "lib.rs"\n[dependencies]\n{pins}')
        run("cargo", "fetch", cwd=project)
    home = pathlib.Path(os.environ.get("CARGO_HOME", "~/.cargo")).expanduser()
    for lib in libraries:
        [archive] = home.glob(f"registry/cache/*/{lib.archive.name}")
        shutil.copy(archive, lib.archive)


def fetch_pypi(libraries):
    for lib in libraries:
        pin = f'{lib.package["name"]}=={lib.package["version"]}'
        run(sys.executable, "-m", "pip", "download", "--no-deps", f"--no-binary={lib.name}",
            "--dest", lib.archive.parent, pin)


def fetch(libraries):
    for registry, fetcher in (("crates", fetch_crates), ("pypi", fetch_pypi)):
        wanted = [lib for lib in libraries if lib.package["registry"] == registry]
        if wanted:
            print("fetching", *(lib.archive.name for lib in wanted), file=sys.stderr)
            fetcher(wanted)
    for lib in libraries:
        if lib.hash_of_archive() != lib.sha256:
            sys.exit(f"{lib.archive}: its SHA-256 is {lib.hash_of_archive()}, not {lib.sha256}")


def main():
    libraries = [Library(wrap) for wrap in sorted(SUBPROJECTS.glob("*.wrap"))]
    (CACHE / "archives").mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:  # several checkouts may share the cache
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [lib for lib in libraries if not lib.is_built()]
        fetch([lib for lib in missing if not lib.is_fetched()])
        for lib in missing:
            print("building", lib.name, file=sys.stderr)
            lib.build()
    print(",".join(str(lib.prefix / "lib" / "pkgconfig") for lib in libraries))


if __name__ == "__main__":
    main()
