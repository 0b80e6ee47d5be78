"""The least that reading a repository can cost: read the candidates, parse those that matter in C.

    python baseline.py REPOSITORY MANIFEST [walk]

The manifest says beforehand which files are candidates and which of them hold policies, so not even
a search of the folders is counted; with `walk` the folders are searched too, without ignore rules.
Started as a script, in an environment that has PyYAML.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable

import yaml

__all__ = ["main"]


def main(repository: str, manifest: str, walk: str = "") -> None:
    """Read every candidate and parse the files with policies; print how much that was."""
    with open(manifest, encoding="utf-8") as stream:
        listed = json.load(stream)
    matters = frozenset(listed["policies"])
    files = size = parsed = 0
    for path in _walked(repository) if walk else listed["candidates"]:
        with open(os.path.join(repository, path), "rb", buffering=0) as file:
            data = file.read()
        files += 1
        size += len(data)
        if path in matters:
            parsed += 1
            if path.endswith(".json"):
                json.loads(data)
            else:
                yaml.compose(data, Loader=yaml.CSafeLoader)
    print(json.dumps({"bytes": size, "files": files, "parsed": parsed}))


def _walked(repository: str) -> Iterable[str]:
    for folder, folders, names in os.walk(repository):
        if ".git" in folders:
            folders.remove(".git")
        base = folder[len(repository) :].strip("/")
        for name in names:
            if name.endswith((".json", ".yaml", ".yml", ".txt")) or "." not in name:
                yield f"{base}/{name}" if base else name


if __name__ == "__main__":
    main(*sys.argv[1:])
