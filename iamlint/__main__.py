"""`python -m iamlint` is the command `iamlint`."""

from __future__ import annotations

from iamlint.cli.main import entry

if __name__ == "__main__":
    entry()
