"""The data files themselves: sorted, small, true to each other; and what an import costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import iamlint.catalog
from iamlint.catalog import catalog
from iamlint.catalog.datafiles import FOLDER, Index

DATA = Path(FOLDER)


def test_the_whole_is_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 2_500_000


def test_services_and_names_are_sorted() -> None:
    index = Index()
    assert list(index.prefixes) == sorted(set(index.prefixes))
    for line, count in zip((DATA / "names.txt").read_text("ascii").splitlines(), index.counts, strict=True):
        lower = line.lower().split(" ")
        assert lower == sorted(set(lower))
        assert len(lower) == count


def test_the_index_agrees_with_the_services() -> None:
    known = catalog()
    for prefix in known.services():
        service = known.service(prefix)
        assert service is not None
        assert list(service.condition_keys) == sorted(service.condition_keys)
        assert [kind.name for kind in service.resource_types] == sorted(
            kind.name for kind in service.resource_types
        )
        for action in service.actions.values():
            assert known.with_level(action.access_level) >> action.index & 1
            assert bool(known.without_resource_types() >> action.index & 1) == (not action.resource_types)


def test_json_is_compact_and_ends_in_a_line_break() -> None:
    for name in ("index.json", "global_keys.json", "partitions.json"):
        text = (DATA / name).read_text("ascii")
        assert text.endswith("\n")
        compact = json.dumps(json.loads(text), separators=(",", ":"))
        assert text.replace("\n", "") == compact


def test_retired_policies_are_sorted_and_their_successors_exist() -> None:
    replaced_by = json.loads((DATA / "retired_policies.json").read_bytes())["replaced_by"]
    assert list(replaced_by) == sorted(replaced_by)
    for old, new in replaced_by.items():
        assert catalog().managed_policy(new) is not None, new
        still = catalog().managed_policy(old)
        retired = catalog().retired_policy(old)
        assert retired is not None
        assert retired.deleted == (still is None)


def test_every_package_is_credited_with_its_version() -> None:
    notice = (DATA / "SOURCES.md").read_text("utf-8")
    for package, version in json.loads((DATA / "index.json").read_bytes())["versions"].items():
        assert f"`{package}`" in notice
        assert version in notice


IMPORTED = """
import sys
import iamlint  # whatever the package itself imports is not the catalogue's doing
before = set(sys.modules)
from iamlint.catalog import catalog
known = catalog()
known.expand("s3:Get*"), known.expand("*"), known.action("iam:PassRole"), known.condition_key("aws:SourceIp")
print(" ".join(set(sys.modules) - before))
"""


def test_a_usual_run_imports_no_heavy_module() -> None:
    root = Path(iamlint.catalog.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORTED], cwd=root, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    heavy = {
        "typing",
        "pathlib",
        "importlib.resources",
        "importlib.metadata",
        "yaml",
        "difflib",
        "logging",
        "zlib",
        "iamlint.catalog.policies",
    }
    assert "iamlint.catalog.lookup" in imported
    assert not imported & heavy
