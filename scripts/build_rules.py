"""Build hook: compiles `rules/` into the one data file that the wheel carries."""

from __future__ import annotations

import os
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the generic parameter is the builder's
    """Compiles the rules before the files of the wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- the hook's signature
        """Write `iamlint/_rules.jsonl` and add it to the wheel; a mistake in a rule stops the build."""
        sys.path.insert(0, self.root)
        try:
            from iamlint.engine.load import compile_rules, read_pack
        finally:
            sys.path.remove(self.root)
        rules, texts, mistakes = read_pack(os.path.join(self.root, "rules"), "builtin")
        if mistakes:
            raise SystemExit("\n".join(mistakes))
        target = os.path.join(self.root, "iamlint", "_rules.jsonl")
        with open(target, "w", encoding="utf-8") as file:
            file.write(compile_rules(rules, texts))
        build_data["artifacts"].append("iamlint/_rules.jsonl")
        build_data["force_include"][os.path.join(self.root, "rules")] = "iamlint/_rules"
