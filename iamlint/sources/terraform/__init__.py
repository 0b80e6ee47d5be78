"""Terraform: modules in JSON syntax (`*.tf.json`), and plans and states (`terraform show -json`).

`module` holds what a module is, whatever its syntax: a front end for another syntax fills in a
`Module` with blocks whose arguments are JSON nodes; `evaluate` says what expressions
come to, and `policies` and `grants` turn resources, from modules and plans alike, into the model.
"""

from __future__ import annotations

from collections.abc import Sequence

from iamlint.model import Document, Extraction
from iamlint.sources.source import SourceFile, SourceOptions

__all__ = ["extract_module", "extract_plan"]


def extract_module(files: Sequence[SourceFile], options: SourceOptions) -> Extraction:
    """Return what the `*.tf.json` files of one directory hold.

    Files of several directories are taken too: a directory that another one calls as a local module
    is then read once for each call, with its inputs bound and its addresses led by `module.NAME.`.
    """
    from iamlint.sources.terraform.modules import extract_module as extract

    return extract(files, options)


def extract_plan(tree: object, document: Document, options: SourceOptions) -> Extraction | None:
    """Return what a plan or a state holds; None when `tree` is neither."""
    from iamlint.sources.terraform.plan import extract_plan as extract

    return extract(tree, document, options)
