"""Starts a rule: writes rules/FAMILY/ID.yaml with every key that a rule needs.

    python scripts/new_rule.py FAMILY ID NAME

Then fill in the texts, give the check and its parameters, and run `iamlint rules test rules/FAMILY`.
"""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

TEMPLATE = """\
id: {id}
name: {name}
severity: medium
confidence: high
profile: default
summary: A statement allows every action on one bucket
why: >
  Two to four sentences: what an attacker, or an accident, does with it.
fix: Say in one sentence what to write instead.
message: "{{statement}} is written like this: {{evidence}}."
check: action-pattern
params: {{patterns: ["example:*"]}}
policy-kinds: [identity]
tags: [{family}]
references:
  - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
examples:
  bad:
    - name: the shortest policy that breaks the rule
      policy: {{Version: "2012-10-17", Statement: [{{Effect: Allow, Action: "example:*", Resource: "*"}}]}}
      at: [/Statement/0/Action]
  good:
    - name: a near miss that keeps it
      policy: {{Version: "2012-10-17", Statement: [{{Effect: Allow, Action: "example:Get", Resource: "*"}}]}}
"""


def main(arguments: list[str]) -> int:
    """Write the file; return 2 for wrong arguments or a file that is there already."""
    if len(arguments) != 3:
        print(__doc__)
        return 2
    family, rule_id, name = arguments
    path = os.path.join(ROOT, "rules", family, f"{rule_id}.yaml")
    if os.path.exists(path):
        print(f"{path} is there already")
        return 2
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(TEMPLATE.format(family=family, id=rule_id, name=name))
    print(os.path.relpath(path, ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
