"""The least that reading one JSON file can cost: `python plain_json.py FILE` parses it in C."""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    with open(sys.argv[1], "rb") as stream:
        json.loads(stream.read())
