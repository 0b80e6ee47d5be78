"""The least that reading a repository can cost: read the candidates, parse those that matter in C.

    python baseline.py REPOSITORY MANIFEST

The manifest says beforehand which files are candidates and which of them hold policies, so not even
a search of the folders is counted. Started as a script, in an environment that has PyYAML.
"""

from __future__ import annotations

import json
import os
import sys

import yaml

__all__ = ["main"]


def main(repository: str, manifest: str) -> None:
    """Read every candidate and parse the files with policies; print how much that was."""
    with open(manifest, encoding="utf-8") as stream:
        listed = json.load(stream)
    matters = frozenset(listed["policies"])
    size = parsed = 0
    for path in listed["candidates"]:
        with open(os.path.join(repository, path), "rb", buffering=0) as file:
            data = file.read()
        size += len(data)
        if path in matters:
            parsed += 1
            if path.endswith(".json"):
                json.loads(data)
            else:
                yaml.compose(data, Loader=yaml.CSafeLoader)
    print(json.dumps({"bytes": size, "files": len(listed["candidates"]), "parsed": parsed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
