"""A generated Terraform plan of some 20 MB, in the form of `terraform show -json`."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.repository import Writer
from benchmarks.workspace import INPUTS, made_once, note, track

__all__ = ["plan"]

RESOURCES = 9_000
"""Every twelfth of them is a policy or a role."""

_EDITION = 1


def plan() -> Path:
    """Return the folder with the plan, `plan.json`."""

    def make(folder: Path) -> None:
        note("generating a Terraform plan ...")
        (folder / "plan.json").write_text(json.dumps(_plan(), separators=(",", ":")), "utf-8")
        track(folder)

    return made_once(INPUTS / "plan", {"edition": _EDITION, "resources": RESOURCES}, make)


def _plan() -> dict[str, object]:
    writer = Writer(20_120_102)
    modules: list[dict[str, object]] = []
    changes: list[dict[str, object]] = []
    for start in range(0, RESOURCES, 100):
        address = f"module.{writer.word()}_{start}"
        resources = [_resource(writer, address, number) for number in range(start, start + 100)]
        modules.append({"address": address, "resources": resources})
        changes += [_change(resource, address) for resource in resources]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "variables": {"stage": {"value": "prod"}},
        "planned_values": {"root_module": {"child_modules": modules}},
        "resource_changes": changes,
        "configuration": {"provider_config": {"aws": {"name": "aws"}}, "root_module": {}},
    }


def _resource(writer: Writer, module: str, number: int) -> dict[str, object]:
    name = f"{writer.word()}_{number}"
    type_, values = _values(writer, number)
    return {
        "address": f"{module}.{type_}.{name}",
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "schema_version": 0,
        "values": values,
        "sensitive_values": {},
    }


def _values(writer: Writer, number: int) -> tuple[str, dict[str, object]]:
    if number % 24 == 0:
        return "aws_iam_policy", {
            "name": writer.name(),
            "path": "/",
            "description": writer.sentence(),
            "policy": json.dumps(writer.policy(), separators=(",", ":")),
        }
    if number % 24 == 12:
        return "aws_iam_role", {
            "name": writer.name(),
            "max_session_duration": 3600,
            "assume_role_policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"Service": "ec2.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    },
                }
            ),
        }
    tags = {writer.word(): writer.name() for _ in range(4)}
    return writer.draw.choice(
        ("aws_instance", "aws_security_group_rule", "aws_route53_record", "aws_sqs_queue")
    ), {
        "name": writer.name(),
        "description": writer.sentence(),
        "identifier": writer.hex(17),
        "settings": [{"name": writer.word(), "value": writer.name(), "enabled": True} for _ in range(5)],
        "tags": tags,
        "tags_all": tags,
        "timeouts": None,
    }


def _change(resource: dict[str, object], module: str) -> dict[str, object]:
    return {
        "address": resource["address"],
        "module_address": module,
        "mode": "managed",
        "type": resource["type"],
        "name": resource["name"],
        "provider_name": resource["provider_name"],
        "change": {
            "actions": ["create"],
            "before": None,
            "after": resource["values"],
            "after_unknown": {"id": True, "arn": True},
            "before_sensitive": False,
            "after_sensitive": {},
        },
    }
