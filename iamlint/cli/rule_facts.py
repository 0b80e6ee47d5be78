"""Every field of a rule as plain data, for `rules --format json` and `explain --format json`."""

from __future__ import annotations

from iamlint.engine.load import RuleSet
from iamlint.engine.rule import Example, Rule

__all__ = ["rule_facts"]


def rule_facts(rules: RuleSet, rule: Rule) -> dict[str, object]:
    """Return every field of a rule of the set, under the names that rule files use."""
    text = rules.text(rule)
    return {
        "id": rule.id,
        "name": rule.name,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "profile": rule.profile.value,
        "summary": rule.summary,
        "why": text.why,
        "fix": text.fix,
        "message": rule.message,
        "references": list(text.references),
        "tags": list(rule.tags),
        "aliases": list(rule.aliases),
        "concepts": list(rule.concepts),
        "covers": list(rule.covers),
        "advice": list(rule.advice),
        "policy-kinds": list(rule.policy_kinds),
        "on": list(rule.on),
        "check": rule.check,
        "params": dict(rule.params),
        "pack": rule.pack,
        "examples": {
            "bad": [_example(one) for one in text.bad],
            "good": [_example(one) for one in text.good],
        },
    }


def _example(example: Example) -> dict[str, object]:
    return {"name": example.name, **example.subject, "at": list(example.at)}
