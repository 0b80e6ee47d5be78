"""The script that regenerates the data, without a network."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "update_catalog.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_catalog", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name while they are being made.
    sys.modules["update_catalog"] = module
    spec.loader.exec_module(module)
    return module


def tiny(script: ModuleType, *, backwards: bool) -> Any:
    """A source of two services, optionally with every mapping in the opposite order."""

    def ordered(table: dict[str, Any]) -> dict[str, Any]:
        return dict(reversed(table.items())) if backwards else table

    def action(name: str, level: str, resources: list[dict[str, Any]], keys: list[str]) -> dict[str, Any]:
        return {"name": name, "accessLevel": level, "resourceTypes": resources, "conditionKeys": keys}

    row = {"name": "thing", "required": False, "conditionKeys": ["aa:ResourceTag/tag-key"]}
    twice = {"name": "thing", "required": True, "conditionKeys": []}
    return script.Sources(
        iam_version="1",
        iam_date="2026-01-02",
        names=ordered({"aa": "Alpha", "bb": "Beta"}),
        actions=ordered(
            {
                "aa": ordered(
                    {
                        "getit": action("GetIt", "Read", [], []),
                        "tagit": action("TagIt", "Tagging, Write", [row, twice], ["aa:Size"]),
                    }
                ),
                "bb": {"listit": action("ListIt", "List", [], [])},
            }
        ),
        resource_types=ordered(
            {
                "aa": {
                    "thing": {"key": "thing", "arn": "arn:${Partition}:aa:::x/${X}, arn:${Partition}:zz:::y"}
                },
                "bb": {},
            }
        ),
        condition_keys=ordered(
            {
                "aa": ordered(
                    {
                        "aa:resourcetag/tag-key": {"key": "aa:ResourceTag/tag-key", "type": "String"},
                        "aa:size": {"key": "aa:Size", "type": "Numeric"},
                    }
                ),
                "bb": {},
            }
        ),
        global_keys=ordered({"aws:SourceIp": "IPAddress", "aws:SourceVpcArn": "String"}),
        rcp_services=["bb", "aa"],
        policies_version="2",
        policies=ordered(
            {
                name: {
                    "arn": f"arn:aws:iam::aws:policy/service-role/{name}",
                    "latestVersionId": "v2",
                    "createdDate": "2020-01-01T00:00:00.000Z",
                    "lastUpdatedDate": "2021-01-01T00:00:00.000Z",
                    "versions": {
                        "v1": {"document": {}},
                        "v2": {"document": {"Statement": [{"Action": ["aa:GetIt", name]}]}},
                    },
                }
                for name in ("One", "Two")
            }
        ),
        botocore_version="3",
        partitions=[
            {
                "id": "aws",
                "outputs": {"dnsSuffix": "amazonaws.com", "dualStackDnsSuffix": "api.aws"},
                "regions": ordered({"us-east-1": {}, "aws-global": {}}),
            }
        ],
        endpoints=[{"partition": "aws", "regions": {"eu-west-1": {}}}],
    )


def test_the_order_of_the_sources_does_not_matter(script: ModuleType) -> None:
    assert script.build(tiny(script, backwards=False)) == script.build(tiny(script, backwards=True))


def test_what_is_written(script: ModuleType) -> None:
    files = script.build(tiny(script, backwards=False))
    index = json.loads(files["data/index.json"])
    assert index["services"] == "aa bb"
    assert index["counts"] == [2, 1]
    assert index["levels"] == {"L": "4", "R": "1", "W": "0", "T": "2", "P": "0"}
    assert index["no_resource_types"] == "5"
    assert index["arn_services"] == {"zz": ["aa"]}
    assert index["own_arn_services"] == "aa"
    assert files["data/names.txt"] == b"GetIt TagIt\nListIt\n"
    chunk = json.loads(files["data/services.jsonl"].splitlines()[0])
    assert chunk["levels"] == "RT"
    assert chunk["keys"] == ["aa:ResourceTag/${TagKey}", "aa:Size"]
    # Two rows of the source for one resource type are one: required, with the keys of both.
    assert chunk["row_sets"][chunk["action_resources"][1]] == [[0, 1, chunk["key_sets"].index([0])]]
    assert json.loads(files["data/partitions.json"]) == [
        ["aws", "amazonaws.com", "api.aws", ["eu-west-1", "us-east-1"]]
    ]
    assert ["aws:SourceVpcArn", "ARN"] in json.loads(files["data/global_keys.json"])
    assert b'CATALOG_DATE: str = "2026-01-02"' in files["release.py"]


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("s3:ExistingObjectTag/<key>", "s3:ExistingObjectTag/${TagKey}"),
        ("aws:PrincipalTag/tag-key", "aws:PrincipalTag/${TagKey}"),
        ("glacier:ResourceTag/", "glacier:ResourceTag/${TagKey}"),
        ("aws:RequestTag/${TagKey}", "aws:RequestTag/${TagKey}"),
        ("s3:prefix", "s3:prefix"),
    ],
)
def test_the_open_part_of_a_key_is_written_in_one_way(script: ModuleType, stated: str, name: str) -> None:
    assert script.key_name(stated) == name


def test_an_unknown_access_level_stops_the_update(script: ModuleType) -> None:
    with pytest.raises(script.UpdateError, match="unknown access level 'Sorcery'"):
        script.access_level("Sorcery")


def test_a_list_of_global_keys_in_a_new_shape_stops_the_update(script: ModuleType) -> None:
    with pytest.raises(script.UpdateError, match="only 1 global"):
        script.parse_global_keys("{key: 'aws:SourceIp', category: 'x', type: 'IPAddress'}")


def test_a_missing_npm_is_named(script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(script.UpdateError, match="npm is not installed"):
        script.fetch_npm("some-package", "1", tmp_path)


def test_a_failing_command_is_told_with_its_complaint(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(script.UpdateError, match="no such thing"):
        script.run([sys.executable, "-c", "import sys; sys.exit('no such thing')"], tmp_path)
