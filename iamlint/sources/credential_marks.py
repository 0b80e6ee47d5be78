"""The words without which no credential is searched in a text: this looks at every template."""

from __future__ import annotations

import re

__all__ = ["may_hold_credentials"]

_SECRET_WORD = re.compile(r"ecret[_-]?(?:[Aa]ccess)?[_-]?[Kk]ey|ECRET[_-]?(?:ACCESS)?[_-]?KEY")
# `AKIA` and `ASIA` in base 64, by the place of their first byte in a group of three.
_ENCODED = ("QUtJQ", "FLSU", "BS0lB", "QVNJQ", "FTSU", "BU0lB")
# What is no credential itself, but is searched for with them: passwords that an instance fetches files
# with, and references to secrets in outputs.
_STORED = re.compile(r"AWS::SSM::Parameter(?!:)|aws_ssm_parameter")
_REFERRING = ("CloudFormation::Authentication", "aws_iam_access_key", "aws_iam_user_login_profile")


def may_hold_credentials(text: str) -> bool:
    """Say whether the text of a file could hold a credential that is written out, or give one away."""
    if "AKIA" in text or "ASIA" in text:
        return True
    if ("ecret" in text or "ECRET" in text) and _SECRET_WORD.search(text) is not None:
        return True
    if ("ser_data" in text or "serData" in text) and any(mark in text for mark in _ENCODED):
        return True
    if ("SSM::" in text or "aws_ssm" in text) and _STORED.search(text) is not None:
        return True
    return "\\u00" in text or "\\x" in text or any(word in text for word in _REFERRING)
