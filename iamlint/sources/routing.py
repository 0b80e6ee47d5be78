r"""Which source reads a file: decided by its bytes first, then by the shape of its tree.

A file without any marker word of a format is never parsed. Escapes (`\u0053tatement`) must not
fool that test, so a file that has them is parsed whatever words it shows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from iamlint.model import BrokenFile, Diagnostic, Document, Extraction
from iamlint.record import replace
from iamlint.sources.json_text import JsonDocument, JsonSyntaxError, parse_json
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import Text, UnreadableTextError

if TYPE_CHECKING:
    from iamlint.sources.yaml_text import YamlSyntaxError

__all__ = ["extract_unit", "is_candidate", "is_module_file", "unit_key", "unread_language"]

_YAML_SUFFIXES = (".yaml", ".yml", ".template", ".cfn", ".txt")
_ESCAPES = re.compile(rb"\\u00[0-9a-fA-F]{2}|\\x[0-9a-fA-F]{2}|\\U000000[0-9a-fA-F]{2}|%22[Ss]tatement%22")
_CONTINUED = re.compile(rb"\\\r?\n[ \t]*+")
_SURE_TEMPLATE = re.compile(r"Resources[\"']?\s*:")
_TOP_KEY = re.compile(r"^(?:Resources|Statement)[ \t]*:", re.MULTILINE)
_TEMPLATING = ("{{", "{%", "<%", "%{")
_MISSPELT = tuple(re.compile(rb"\b%s[\"']?\s*+:" % word, re.IGNORECASE) for word in (b"statement", b"effect"))
"""Keys of a policy, whatever their letter case: where both stand, a policy is meant."""
_NOTHING = Extraction()


def is_candidate(path: str, data: bytes) -> bool:
    """Say whether a file could hold anything for us, from its bytes alone."""
    if "/botocore/data/" in path:
        # Vendored copies of the AWS SDK carry example policies of its documentation.
        return False
    if is_module_file(path):
        # A module is all its files: locals and variables may stand where no marker does.
        return True
    if path.endswith(".py"):
        return _is_marked_python(data)
    if _is_marked(data) or b"\0" in data[:4]:
        return True
    if (
        (b"\\u00" in data or b"\\x" in data or b"\\U000000" in data or b"%22" in data)
        and path.lower().endswith((".json", *_YAML_SUFFIXES))
        and _ESCAPES.search(data) is not None
    ):
        return True
    # In YAML a backslash at a line's end joins the two halves of a word.
    if (b"\\\n" in data or b"\\\r" in data) and path.lower().endswith(_YAML_SUFFIXES):
        return _is_marked(_CONTINUED.sub(b"", data))
    return False


def _is_marked(data: bytes) -> bool:
    """Say whether bytes hold one of the words without which there is nothing for us."""
    # One word after the other is many times faster than all at once with a pattern, and written out
    # faster than in a loop: this line meets every file.
    return b"Statement" in data or b"AWS::" in data or b'"aws_' in data or b"aws_iam_" in data


def _is_marked_python(data: bytes) -> bool:
    """Say whether bytes of Python hold one of the words without which there is nothing for us."""
    return (
        b"Statement" in data
        or b"olicyDocument" in data
        or b"aws_iam" in data
        or b"PolicyArn" in data
        or b"_polic" in data
        or (
            b"iam" in data
            and (b"create_access_key" in data or b"login_profile" in data or b"boundary" in data)
        )
        or b"add_permission" in data
        or b"put_permission" in data
        or b"AssumeRolePolicy" in data
    )


_UNREAD = {
    ".hcl": "HCL",
    ".ts": "TypeScript",
    ".js": "JavaScript",
}


def unread_language(path: str) -> str | None:
    """Return the language of a file that may grant access in a form that no source reads yet."""
    return _UNREAD.get(os.path.splitext(path)[1])


def unit_key(path: str) -> str:
    """Return the key of the unit that a file belongs to: one for all of Terraform below a root, whose
    modules call each other, else the file itself."""
    return "*.tf" if is_module_file(path) else path


_MODULE_FILES = (".tf", ".tofu", ".tf.json", ".tofu.json", ".auto.tfvars", ".auto.tfvars.json")
_VARIABLE_FILES = frozenset({"terraform.tfvars", "terraform.tfvars.json"})


def is_module_file(path: str) -> bool:
    """Say whether a file is part of a Terraform module: it is read together with those beside it."""
    return path.endswith(_MODULE_FILES) or path.rpartition("/")[2] in _VARIABLE_FILES


def extract_unit(files: Sequence[SourceFile], options: SourceOptions) -> Extraction:
    """Return what the files of one unit hold. Never raises for what the files hold."""
    language = unread_language(files[0].path)
    if language is not None:
        if not is_candidate(files[0].path, files[0].data):
            return Extraction()
        message = f"{language} is not read yet"
        return Extraction(
            diagnostics=(Diagnostic(files[0].path, "unsupported-format", message, fatal=files[0].named),)
        )
    if files[0].path.endswith(".py"):
        return _python(files[0], options)
    if is_module_file(files[0].path):
        from iamlint.sources.terraform import extract_module

        return extract_module(files, options)
    return _single(files[0], options)


def _python(file: SourceFile, options: SourceOptions) -> Extraction:
    if not is_candidate(file.path, file.data):
        if file.named and not file.data.strip():
            return Extraction(diagnostics=(Diagnostic(file.path, "empty", "the file is empty"),))
        return _NOTHING
    from iamlint.sources.python import extract_module

    return extract_module(file, options)


def _single(file: SourceFile, options: SourceOptions) -> Extraction:
    forced = options.policy_kind is not None and file.named
    try:
        text = file.text()
    except UnreadableTextError as error:
        return _unreadable(file, str(error), error.line)
    suffix = os.path.splitext(file.path)[1].lower()
    may_be_yaml = suffix in _YAML_SUFFIXES or (suffix != ".json" and _reads_as_yaml(file, text))
    if may_be_yaml and text.text.lstrip()[:1] not in {"{", "["}:
        found = _yaml(file, text, options, forced=forced)
    else:
        found = _json(file, text, options, forced=forced, may_be_yaml=may_be_yaml)
    if file.named and found == _NOTHING:
        # A file that the user names is never passed over in silence.
        if not text.text.strip():
            return Extraction(diagnostics=(Diagnostic(file.path, "empty", "the file is empty"),))
        if is_candidate(file.path, file.data) or b'"statement"' in file.data.lower():
            message = (
                "no policy was found in the file, though it has words of one; letter case counts in them"
            )
            exact = b"Statement" in file.data and b"Effect" in file.data
            unjudged = not exact and all(word.search(file.data) for word in _MISSPELT)
            return Extraction(diagnostics=(Diagnostic(file.path, "no-policy", message, unjudged=unjudged),))
    return found


def _reads_as_yaml(file: SourceFile, text: Text) -> bool:
    """Say whether a file whose name tells nothing is looked at as YAML: if somebody named it, or if it
    has the top key of a template or policy."""
    return (file.named and bool(text.text.strip())) or _TOP_KEY.search(text.text) is not None


def _json(
    file: SourceFile, text: Text, options: SourceOptions, *, forced: bool, may_be_yaml: bool = False
) -> Extraction:
    try:
        tree, repeated = parse_json(text.text)
    except JsonSyntaxError as error:
        start = text.text.lstrip()
        if may_be_yaml:
            if start.startswith(_TEMPLATING):
                return _yaml(file, text, options, forced=forced)
            if not any(mark in start for mark in _TEMPLATING):
                # Flow style: YAML that looks like JSON and need not be.
                found = _yaml(file, text, options, forced=forced)
                if not any(
                    diagnostic.code in {"syntax-error", "too-large"} for diagnostic in found.diagnostics
                ):
                    return found
        elif not file.named and not file.path.lower().endswith(".json") and start[:1] not in {"{", "["}:
            # A licence, a script, prose: nothing that anybody took for JSON.
            return _NOTHING
        return _broken_json(file, text, options, error, forced=forced)
    return _tree(tree, text, options, repeated=repeated, forced=forced)


def _has_policy_words(text: Text) -> bool:
    """Say whether text that does not parse is surely meant to hold a policy."""
    return '"Statement"' in text.text and '"Effect"' in text.text


def _tree(
    tree: object,
    text: Text,
    options: SourceOptions,
    *,
    repeated: bool,
    forced: bool,
    strict: str | None = None,
) -> Extraction:
    if isinstance(tree, dict):
        if "Resources" in tree:
            from iamlint.sources.cloudformation import extract_template

            document = JsonDocument(text, tree, "cloudformation", repeated=repeated, strict=strict)
            found = extract_template(tree, document, options)
            if found is not None:
                return _with_repeated_keys(_with_credentials(found, tree, document, text), document)
        if "format_version" in tree or "terraform_version" in tree:
            from iamlint.sources.terraform import extract_plan

            document = JsonDocument(text, tree, "terraform-plan", repeated=repeated, strict=strict)
            found = extract_plan(tree, document, options)
            if found is not None:
                return _with_repeated_keys(_with_credentials(found, tree, document, text), document)
    document = JsonDocument(text, tree, "policy-json", repeated=repeated, strict=strict)
    return _with_repeated_keys(_plain(tree, document, text, options, forced=forced), document)


def _plain(
    tree: object, document: Document, text: Text, options: SourceOptions, *, forced: bool
) -> Extraction:
    from iamlint.sources.documents import has_placeholders
    from iamlint.sources.policy_json import extract_tree

    written = text.text
    placeholders = has_placeholders(written) or "Fn::" in written or '"Ref"' in written
    return extract_tree(tree, document, options, forced=forced, placeholders=placeholders)


def _yaml(file: SourceFile, text: Text, options: SourceOptions, *, forced: bool) -> Extraction:
    from iamlint.sources.yaml_text import YamlSyntaxError, yaml_documents

    try:
        documents = yaml_documents(text, "cloudformation")
    except YamlSyntaxError as error:
        line, column = text.position(error.offset)
        if not error.limit and any(mark in text.text for mark in _TEMPLATING):
            message = f"a template of another tool, not YAML before it is rendered: {error}"
            diagnostic = Diagnostic(file.path, "unrendered-template", message, line, column, unjudged=True)
            span = text.span(error.offset, error.offset)
            broken = (BrokenFile(span, "YAML", str(error)),) if file.named else ()
            return Extraction(broken=broken, diagnostics=(diagnostic,))
        sure = "AWS::" in text.text and _SURE_TEMPLATE.search(text.text) is not None
        return _broken(file, text, "YAML", error, sure=forced or sure)
    from iamlint.sources.cloudformation import extract_template

    results = []
    # A stream may be a million empty documents.
    documents = [one for one in documents if one.tree is not None] or documents[:1]
    for document in documents:
        found = extract_template(document.tree, document, options)
        if found is None:
            document.format = "policy-yaml"
            found = _plain(document.tree, document, text, options, forced=forced)
        elif isinstance(document.tree, dict):
            found = _with_credentials(found, document.tree, document, text)
        results.append(_with_repeated_keys(found, document))
    if len(results) == 1:
        return results[0]
    return Extraction(
        tuple(policy for found in results for policy in found.policies),
        tuple(grant for found in results for grant in found.grants),
        (),
        tuple(diagnostic for found in results for diagnostic in found.diagnostics),
    )


def _with_credentials(
    found: Extraction, tree: dict[str, object], document: Document, text: Text
) -> Extraction:
    """Add the credentials that are written in a template, a plan or a state."""
    from iamlint.sources.credential_marks import may_hold_credentials

    if not may_hold_credentials(text.text):
        return found
    if document.format == "cloudformation":
        from iamlint.sources.cloudformation.credentials import template_credentials as search
    else:
        from iamlint.sources.terraform.credentials import plan_credentials as search
    return replace(found, grants=(*found.grants, *search(tree, document)))


def _broken_json(
    file: SourceFile, text: Text, options: SourceOptions, error: JsonSyntaxError, *, forced: bool
) -> Extraction:
    """Report JSON that does not parse, and read as much of it as can be read honestly."""
    sure = forced or _has_policy_words(text)
    if not sure and not file.named and "AWS::" not in text.text:
        return _broken(file, text, "JSON", error, sure=False)
    from iamlint.sources.lenient_json import repair, with_placeholders

    found = Extraction()
    repaired = repair(text.text)
    if repaired is not None:
        tree, repeated, strict = repaired
        # What the standard reader says is that something else should stand there.
        at = error.offset
        comma = max(text.text.rfind(",", 0, at + 1), 0)
        if text.text.startswith(("/", "#"), at):
            error = JsonSyntaxError("it has a comment", at)
        elif not text.text[comma + 1 : at].strip():
            error = JsonSyntaxError("it has a comma before a closing bracket", comma)
        found = _tree(tree, text, options, repeated=repeated, forced=forced, strict=strict)
    elif "${" in text.text or "{{" in text.text:
        spliced = with_placeholders(text, options, forced=forced)
        if spliced is not None:
            return spliced
    broken = _broken(file, text, "JSON", error, sure=sure or file.named)
    return Extraction(
        found.policies,
        found.grants,
        (*found.broken, *broken.broken),
        (*found.diagnostics, *broken.diagnostics),
    )


def _broken(
    file: SourceFile, text: Text, format_name: str, error: JsonSyntaxError | YamlSyntaxError, *, sure: bool
) -> Extraction:
    """Return the diagnostic for a file that does not parse, and the finding's place if it must."""
    offset, message = min(error.offset, len(text.text)), str(error)
    line, column = text.position(offset)
    if error.limit:
        diagnostic = Diagnostic(file.path, "too-large", f"not read: {message}", line, column, unjudged=True)
    else:
        diagnostic = Diagnostic(
            file.path, "syntax-error", f"not {format_name}: {message}", line, column, unjudged=True
        )
    span = text.span(offset, min(offset + 1, len(text.text)))
    broken = (BrokenFile(span, format_name, message, error.limit),) if sure or file.named else ()
    return Extraction(broken=broken, diagnostics=(diagnostic,))


def _unreadable(file: SourceFile, message: str, line: int) -> Extraction:
    diagnostic = Diagnostic(file.path, "not-text", message, line, 1, unjudged=True)
    if not file.named and not (b'"Statement"' in file.data and b'"Effect"' in file.data):
        return Extraction(diagnostics=(diagnostic,))
    # The bytes cannot be shown; Latin-1 gives every byte a character, so the line is right.
    text = Text(file.path, file.data.decode("latin-1"))
    offset = 0
    for _ in range(line - 1):
        offset = text.text.find("\n", offset) + 1
    broken = BrokenFile(text.span(offset, offset), "text", message)
    return Extraction(broken=(broken,), diagnostics=(diagnostic,))


_MOST_REPEATED = 100
"""Diagnostics of this kind for one file."""


def _shown(key: str) -> str:
    return repr(key if len(key) <= 60 else key[:57] + "...")


def _with_repeated_keys(found: Extraction, document: object) -> Extraction:
    """Add a diagnostic for each key that a later one replaces, in files that hold something."""
    repeated = getattr(document, "repeated_keys", None)
    if repeated is None or not (found.policies or found.grants):
        return found
    places = list(islice(repeated(), _MOST_REPEATED))
    if not places:
        return found
    notes = [
        Diagnostic(
            span.path,
            "repeated-key",
            f"the key {_shown(key)} is written twice; the last one counts",
            span.start_line,
            span.start_column,
        )
        for key, span in places
    ]
    if len(places) == _MOST_REPEATED:
        last = notes[-1]
        notes[-1] = replace(last, message=last.message + "; more of them are not listed")
    return Extraction(found.policies, found.grants, found.broken, (*found.diagnostics, *notes))
