"""The facts that advice rests on agree with the catalogue."""

from __future__ import annotations

import re

import pytest

from iamlint.catalog import catalog
from iamlint.engine.advice.site import facts
from iamlint.sources.locations import load_data
from iamlint.sources.surroundings.cloudformation import Template
from iamlint.sources.surroundings.terraform import Siblings, _arns

FORMATS = {
    re.sub(r"\$\{[^}]*\}", "*", arn)
    for prefix in catalog().services()
    for kind in getattr(catalog().service(prefix), "resource_types", ())
    for arn in kind.arns
}
IDENTITIES = load_data("cloudformation_identities.json")["types"]


@pytest.mark.parametrize("service", facts().senders)
def test_senders_are_services_with_an_arn_of_the_catalogue(service: str) -> None:
    about = facts().senders[service]
    assert about.keys <= {"account", "arn"}
    if "arn" in about.keys:
        assert about.arn.split(":", 3)[2] == about.service
        assert about.service in catalog().arn_services()


def test_lesser_types_are_types_of_the_service_beside_others() -> None:
    for prefix, names in facts().lesser_types.items():
        service = catalog().service(prefix)
        assert service is not None
        assert names < {kind.name for kind in service.resource_types}


@pytest.mark.parametrize("kind", [kind for kind, about in IDENTITIES.items() if "made" in about])
def test_arns_that_are_made_fit_a_format_of_the_catalogue(kind: str) -> None:
    (one,) = Template({"Resources": {"It": {"Type": kind}}}).neighbours
    assert "${It" in one.made
    assert one.arn in FORMATS or one.service == "execute-api"


def test_nearly_every_neighbour_fits_a_format_of_the_catalogue() -> None:
    """The others give advice about nothing: a type that is misspelt would be among them."""
    template = Template({"Resources": {f"R{at}": {"Type": kind} for at, kind in enumerate(IDENTITIES)}})
    module = Siblings([{"resource": {kind: {"x": {}} for kind in _arns() if not kind.startswith("data.")}}])
    odd = [one.type for one in (*template.neighbours, *module.neighbours) if one.arn not in FORMATS]
    assert len(odd) < 25, odd
    for known in ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::IAM::Role", "aws_s3_bucket", "aws_kms_key"):
        assert known not in odd
