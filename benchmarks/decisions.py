"""How fast the evaluator decides: one small policy with one statement, many requests.

    python decisions.py NUMBER

Started as a script, in an environment that has iamlint. Prints `{"seconds": ...}` for so many decisions.
"""

from __future__ import annotations

import json
import sys
import time

from iamlint.auditing.evaluate import read_policies, read_request
from iamlint.semantics.evaluation import Outcome, evaluate

__all__ = ["main"]

_REQUESTS = 500

_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "s3:Get*",
        "Resource": "arn:aws:s3:::reports/*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    },
}


def main(number: str) -> None:
    """Decide, and print how long it took."""
    policies = read_policies({"identity": _POLICY})
    requests = [
        read_request(
            {
                "principal": "arn:aws:iam::111122223333:user/alice",
                "action": "s3:GetObject" if at % 2 else "s3:PutObject",
                "resource": f"arn:aws:s3:::reports/{at}",
                "resource_account": "111122223333",
                "context": {"aws:SecureTransport": "true"},
            }
        )
        for at in range(_REQUESTS)
    ]
    allowed = 0
    started = time.perf_counter()
    for _ in range(int(number) // _REQUESTS):
        for request in requests:
            allowed += evaluate(request, policies).outcome is Outcome.ALLOWED
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "allowed": allowed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
