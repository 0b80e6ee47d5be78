"""Virtual environments: one for each peer, and one with iamlint as a user would install it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workspace import WORK, BenchmarkError, made_once, note, run

__all__ = ["PEERS", "Environment", "Peer", "install_iamlint", "install_peer"]

VENVS = WORK / "venvs"


@dataclass(frozen=True, slots=True)
class Peer:
    """A program to compare with: the package's name, what pip is asked for, the command it installs."""

    name: str
    requirements: tuple[str, ...]
    command: str


PEERS = {
    peer.name: peer
    for peer in (
        # parliament imports pkg_resources, which setuptools 81 dropped.
        Peer("parliament", ("parliament", "setuptools<81"), "parliament"),
        Peer("cfn-lint", ("cfn-lint",), "cfn-lint"),
        Peer("checkov", ("checkov",), "checkov"),
        Peer("iam-policy-validator", ("iam-policy-validator",), "iam-validator"),
    )
}


@dataclass(frozen=True, slots=True)
class Environment:
    """An installed program: the environment's Python, the command, and the versions of what is in it."""

    name: str
    python: str
    command: str
    versions: dict[str, str]

    @property
    def version(self) -> str:
        """The version of the program itself."""
        return self.versions.get(self.name, "?")


def install_peer(peer: Peer, *, refresh: bool) -> Environment:
    """Return the peer's environment, installed if it was not, or anew with `refresh`.

    The newest release is taken, whatever it is; the report says which. Raises BenchmarkError.
    """
    recipe = {"requirements": list(peer.requirements), "python": sys.version}
    folder = VENVS / peer.name
    if refresh and folder.exists():
        shutil.rmtree(folder)

    def make(place: Path) -> None:
        note(f"installing {peer.name} ...")
        _create(place, peer.requirements)

    made_once(folder, recipe, make)
    return _environment(peer.name, peer.command)


def install_iamlint(checkout: Path) -> Environment:
    """Return an environment with a wheel built from `checkout`, built anew where the checkout changed."""
    for needed in ("iamlint", "rules", "pyproject.toml"):
        if not (checkout / needed).exists():
            raise BenchmarkError(f"{checkout} is no checkout of iamlint: it has no {needed}")
    recipe = {"digest": _digest(checkout), "python": sys.version}

    def make(place: Path) -> None:
        note("building and installing iamlint ...")
        source, wheels = WORK / "build" / "source", WORK / "build" / "wheels"
        for folder in (source, wheels):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        # A copy, so that a build never changes the checkout under somebody's hands.
        for path in _sources(checkout):
            target = source / path.relative_to(checkout)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        run(
            [
                *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
                *("--wheel-dir", str(wheels), str(source)),
            ],
            WORK,
        )
        _create(place, [str(wheel) for wheel in wheels.glob("iamlint-*.whl")])

    made_once(VENVS / "iamlint", recipe, make)
    return _environment("iamlint", "iamlint")


def _create(folder: Path, requirements: Iterable[str]) -> None:
    run([sys.executable, "-m", "venv", str(folder)], WORK)
    # pip compiles what it installs to .pyc, so no first run pays for that.
    run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements], WORK)


def _environment(name: str, command: str) -> Environment:
    place = VENVS / name / "bin"
    listed = json.loads(run([str(place / "python"), "-m", "pip", "list", "--format", "json"], WORK))
    if not (place / command).exists():
        raise BenchmarkError(f"{name} installed no command {command}")
    return Environment(
        name=name,
        python=str(place / "python"),
        command=str(place / command),
        versions={str(item["name"]).lower(): str(item["version"]) for item in listed},
    )


def _sources(checkout: Path) -> list[Path]:
    """Return the files that a wheel is made of."""
    files = [
        path
        for name in ("iamlint", "rules", "scripts")
        for path in (checkout / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != "_rules.jsonl"
    ]
    files += [path for path in checkout.iterdir() if path.is_file() and not path.name.startswith(".")]
    return sorted(files)


def _digest(checkout: Path) -> str:
    digest = hashlib.sha256()
    for path in _sources(checkout):
        digest.update(f"{path.relative_to(checkout).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
