"""Regenerate the SAM data of `iamlint/sources/data` from the package `aws-sam-translator`.

    python scripts/update_sam_templates.py            take the newest package
    python scripts/update_sam_templates.py 1.110.0    take this version

The script needs `pip` and a network; iamlint itself needs neither. It writes
`sam_policy_templates.json` (what each policy template becomes) and `sam_connectors.json` (what each
pair of connected resources is given), one entry a line. Facts only: descriptions are left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PACKAGE = "aws-sam-translator"
DATA = Path(__file__).resolve().parent.parent / "iamlint" / "sources" / "data"
POLICY_TEMPLATES = "samtranslator/policy_templates_data/policy_templates.json"
CONNECTORS = "samtranslator/model/connector_profiles/profiles.json"


def main(arguments: list[str]) -> int:
    """Fetch the package and write both files; return the exit code."""
    wanted = f"{PACKAGE}=={arguments[0]}" if arguments else PACKAGE
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "-q",
            "-d",
            folder,
        ]
        subprocess.run([*command, wanted], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        version = wheel.name.split("-")[1]
        with zipfile.ZipFile(wheel) as archive:
            newest = max(archive.infolist(), key=lambda member: member.date_time)
            date = "{:04}-{:02}-{:02}".format(*newest.date_time[:3])
            templates = json.loads(archive.read(POLICY_TEMPLATES))["Templates"]
            connectors = json.loads(archive.read(CONNECTORS))["Permissions"]
    source = f"{PACKAGE} (PyPI) {version}"
    policy_templates = {
        name: {
            "parameters": sorted(template.get("Parameters", {})),
            "statements": template["Definition"]["Statement"],
        }
        for name, template in templates.items()
    }
    pairs = {
        f"{source_type} {destination_type}": connector(profile)
        for source_type, destinations in connectors.items()
        for destination_type, profile in destinations.items()
    }
    write("sam_policy_templates.json", source, date, "templates", policy_templates)
    write("sam_connectors.json", source, date, "connectors", pairs)
    print(f"{source}: {len(policy_templates)} policy templates, {len(pairs)} connectors")
    return 0


def connector(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return what iamlint needs of one pair: what is generated, and from what for each permission."""
    categories = profile["Properties"]["AccessCategories"]
    return {
        "generates": profile["Type"],
        "on": "source" if profile["Properties"].get("SourcePolicy") else "destination",
        "permissions": {name: body.get("Statement", body) for name, body in categories.items()},
    }


def write(name: str, source: str, date: str, key: str, entries: Mapping[str, object]) -> None:
    """Write one data file, one entry a line, sorted by name."""
    lines = [f" {json.dumps(entry)}: {json.dumps(entries[entry])}" for entry in sorted(entries)]
    head = [f'"source": {json.dumps(source)},', f'"date": {json.dumps(date)},', f'"{key}": {{']
    body = ",\n".join(lines)
    (DATA / name).write_text("\n".join(["{", *head, body, "}", "}", ""]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
