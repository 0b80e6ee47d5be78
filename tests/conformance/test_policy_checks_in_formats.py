"""The cases of the table inside templates and Terraform: the same findings at the same places, and none
for a value that the files do not tell."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from reading import Case, cases
from spellings import SPELLINGS, key_of, template, terraform

from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings
from iamlint.engine.rule import Profile
from iamlint.model import PolicyKind

PREFIX = "access-analyzer:"
_HOLDERS = {
    "AWS::S3::Bucket": "s3-bucket",
    "AWS::SQS::Queue": "sqs-queue",
    "AWS::KMS::Key": "kms-key",
}
_MARK = "a-value-that-the-files-do-not-tell"

# No value decides these, so a hole in its place changes nothing.
_NAMES = "it is about the name of a condition key or an operator"
_SHAPE = "it is about what is written, or is not, whatever the values are"
_SIZE = "it is about how long the text is at least"
NOT_ABOUT_VALUES = {
    **dict.fromkeys(
        [
            "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
            "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
            "CONFIRM_AUDIENCE_CLAIM_TYPE",
            "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
            "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
            "DEPRECATED_GLOBAL_CONDITION_KEY",
            "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
            "DYNAMODB_ATTRIBUTES_WITHOUT_SELECT",
            "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
            "FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE",
            "INVALID_CONDITION_KEY_FORMAT",
            "INVALID_CONDITION_OPERATOR",
            "INVALID_GLOBAL_CONDITION_KEY",
            "INVALID_SERVICE_CONDITION_KEY",
            "IRRELEVANT_CONDITION_KEY_IN_POLICY",
            "MISSING_ACTION_FOR_CONDITION_KEY",
            "MISSING_PAIRED_CONDITION_KEYS",
            "MISSING_QUALIFIER",
            "MISSING_TAG_KEY_IN_CONDITION",
            "NULL_WITH_IF_EXISTS",
            "NULL_WITH_QUALIFIER",
            "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY",
            "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY",
            "RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK",
            "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
            "S3_PREFIX_IN_NEGATIVE_CONTEXT",
            "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS",
            "TYPE_MISMATCH",
            "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
            "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
            "UNSUPPORTED_GLOBAL_CONDITION_KEY",
            "UNTRUSTWORTHY_CONDITION_KEY",
            "USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES",
        ],
        _NAMES,
    ),
    **dict.fromkeys(
        [
            "ALLOW_WITH_NOT_PRINCIPAL",
            "EMPTY_ARRAY_ACTION",
            "EMPTY_ARRAY_CONDITION",
            "EMPTY_ARRAY_CONDITION_FORALLVALUES",
            "EMPTY_ARRAY_CONDITION_FORANYVALUE",
            "EMPTY_ARRAY_CONDITION_IFEXISTS",
            "EMPTY_ARRAY_PRINCIPAL",
            "EMPTY_ARRAY_RESOURCE",
            "EMPTY_OBJECT_CONDITION",
            "EMPTY_OBJECT_PRINCIPAL",
            "FEDERATED_PRINCIPAL_NOT_SUPPORTED",
            "INVALID_POLICY_ELEMENT",
            "INVALID_PRINCIPAL_KEY",
            "MISSING_ACTION",
            "MISSING_EFFECT",
            "MISSING_PRINCIPAL",
            "MISSING_RESOURCE",
            "MISSING_STATEMENT",
            "MISSING_VERSION",
            "RCP_SYNTAX_ERROR_NOTACTION",
            "RCP_SYNTAX_ERROR_PRINCIPAL",
            "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
            "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
            "SCP_SYNTAX_ERROR_PRINCIPAL",
            "UNSUPPORTED_ELEMENT_COMBINATION",
            "UNSUPPORTED_PRINCIPAL",
        ],
        _SHAPE,
    ),
    **dict.fromkeys(
        [
            "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
            "POLICY_SIZE_EXCEEDS_RCP_QUOTA",
            "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
            "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA",
            "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
        ],
        _SIZE,
    ),
    "INVALID_CONDITION_MULTIPLE_BOOLEAN": "it is about how many values there are",
    "JSON_SYNTAX_ERROR": "there is no document",
}


# Cases that a format rightly judges otherwise, or cannot hold.
_YAML_TYPES = "every scalar of a YAML policy here is text"
_ATTACHED = "the policy is known to be a managed one, with the narrower quota"
ELSEWHERE = {
    ("INVALID_CONDITION_DATA_TYPE", "text and Boolean", "template.yaml"): _YAML_TYPES,
    ("DATA_TYPE_MISMATCH", "null among the resources", "template.yaml"): _YAML_TYPES,
    ("MISSING_STATEMENT", "a version alone", "sam.json"): "SAM takes it for a policy template of its own",
    **{
        ("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", "between the two quotas", name): _ATTACHED
        for name in SPELLINGS
    },
}
# Cases of codes about values that are about a name or the shape.
NAMES_AND_SHAPES = {
    ("INVALID_SERVICE", "in a condition key"),
    ("VARIABLE_UNSUPPORTED_IN_ELEMENT", "a condition key"),
    ("DATA_TYPE_MISMATCH", "an effect in a list"),
    ("DATA_TYPE_MISMATCH", "a condition that is a list"),
}


def carried(case: Case) -> str | None:
    """Return the place of the tables of spellings that takes a case, or None if none does."""
    if not isinstance(case.policy, dict) or case.kind == "boundary":
        return None
    if case.kind == "resource":
        return _HOLDERS.get(case.resource_type or "")
    return key_of(PolicyKind(case.kind), None)


def sam(policy: object, key: str) -> str | None:
    """Return a SAM template that holds the policy of a function or of its role, if it can."""
    names = {"identity": "Policies", "trust": "AssumeRolePolicyDocument"}
    if key not in names:
        return None
    properties = {
        names[key]: [policy] if key == "identity" else policy,
        "Runtime": "python3.13",
        "Handler": "a.b",
    }
    return json.dumps(
        {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": properties}},
        },
        indent=1,
    )


def _has_number(node: object) -> bool:
    if isinstance(node, dict):
        return any(map(_has_number, node.values()))
    if isinstance(node, list):
        return any(map(_has_number, node))
    return isinstance(node, int | float) and not isinstance(node, bool)


def codes_and_places(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Return what the files of a folder give: codes with pointers, by the name of the file."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    # A walk takes Python only where it is asked to.
    settings = AuditSettings(
        paths=(".",),
        cwd=str(folder),
        profile=Profile.AUDIT,
        include=("**/*.py", "**/*.json", "**/*.y*ml", "**/*.t*f*"),
    )
    for finding in run(settings).findings:
        for alias in finding.aliases:
            if alias.startswith(PREFIX):
                name = finding.primary.path.split("/")[-2]
                found[name].append((alias[len(PREFIX) :], finding.pointer))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("file_name", [*SPELLINGS, "sam.json"])
def test_the_cases_in_formats(file_name: str, tmp_path: Path) -> None:
    written: dict[str, Case] = {}
    for number, case in enumerate(cases()):
        key = carried(case)
        if key is None or (case.code, case.name, file_name) in ELSEWHERE:
            continue
        assert isinstance(case.policy, dict)
        spell = SPELLINGS.get(file_name, sam)
        text = spell(case.policy, key)
        if text is None or (file_name.endswith(".yaml") and _has_number(case.policy)):
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / file_name).write_text(text, encoding="utf-8")
        written[str(number)] = case
    found = codes_and_places(tmp_path)
    different = []
    for name, case in written.items():
        places = tuple(sorted(pointer for code, pointer in found[name] if code == case.code))
        if places != case.at:
            different.append(f"{case.code} {case.name}: {case.at} in JSON, {places} in {file_name}")
    assert different == [], "\n".join(different)
    assert len(written) > 300


def _replaced(node: object, path: list[str], hole: object) -> object:
    """Return the tree with a hole for the scalar at a place, or for each of the scalars there."""
    if not path:
        if isinstance(node, list):
            return [_replaced(item, [], hole) for item in node]
        return hole
    step, rest = path[0].replace("~1", "/").replace("~0", "~"), path[1:]
    if isinstance(node, list):
        return [_replaced(item, rest, hole) if str(i) == step else item for i, item in enumerate(node)]
    assert isinstance(node, dict), (node, path)
    return {name: _replaced(value, rest, hole) if name == step else value for name, value in node.items()}


def in_template(case: Case, key: str) -> str | None:
    policy: object = case.policy
    for place in case.at:
        policy = _replaced(policy, place.split("/")[1:], {"Ref": "Hole"})
    assert isinstance(policy, dict)
    made = template(policy, key)
    return None if made is None else json.dumps({"Parameters": {"Hole": {"Type": "String"}}, **made})


def in_terraform(case: Case, key: str) -> str | None:
    policy: object = case.policy
    for place in case.at:
        policy = _replaced(policy, place.split("/")[1:], _MARK)
    assert isinstance(policy, dict)
    made = terraform(policy, key)
    if made is None:
        return None
    tree = json.loads(made.replace(_MARK, "${var.hole}"))
    return json.dumps({"variable": {"hole": {"type": "string"}}, **tree})


@pytest.mark.parametrize("file_name", ["template.json", "main.tf.json"])
def test_a_value_that_is_not_told_is_never_at_fault(file_name: str, tmp_path: Path) -> None:
    written: dict[str, Case] = {}
    for number, case in enumerate(cases()):
        key = carried(case)
        if key is None or not case.bad or case.code in NOT_ABOUT_VALUES:
            continue
        if (case.code, case.name) in NAMES_AND_SHAPES:
            continue
        text = (in_template if file_name == "template.json" else in_terraform)(case, key)
        if text is None:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / file_name).write_text(text, encoding="utf-8")
        written[str(number)] = case
    found = codes_and_places(tmp_path)
    wrong = [
        f"{case.code} {case.name}: {found[name]}"
        for name, case in written.items()
        if case.code in {code for code, _ in found[name]}
    ]
    assert wrong == [], "\n".join(wrong)
    assert len(written) > 100


def test_the_codes_that_are_not_about_values_are_codes() -> None:
    assert set(NOT_ABOUT_VALUES) <= {case.code for case in cases()}
    assert {(case.code, case.name) for case in cases() if case.bad} >= NAMES_AND_SHAPES
