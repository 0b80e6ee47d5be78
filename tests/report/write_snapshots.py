"""Write the reports that the tests compare with. Read the difference before you keep it."""

from __future__ import annotations

import os

from hand_made import hand_made_report, written

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "snapshots")
SNAPSHOTS = {"text": "text.txt", "concise": "concise.txt", "github": "github.txt", "markdown": "markdown.md"}


def path_of(format_name: str) -> str:
    return os.path.join(FOLDER, SNAPSHOTS[format_name])


if __name__ == "__main__":
    for name in SNAPSHOTS:
        with open(path_of(name), "w", encoding="utf-8", newline="\n") as stream:
            stream.write(written(name, hand_made_report()))
