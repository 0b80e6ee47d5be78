"""One Python file to what it holds."""

from __future__ import annotations

from iamlint.model import BrokenFile, Diagnostic, Extraction
from iamlint.sources.python.constructs import construct
from iamlint.sources.python.document import PythonDocument
from iamlint.sources.python.evaluate import Evaluator
from iamlint.sources.python.policies import PolicyReader
from iamlint.sources.python.scopes import build_index
from iamlint.sources.python.syntax import PythonSyntaxError, decode_python, parse_python
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import Text, UnreadableTextError

__all__ = ["extract_module"]


def extract_module(file: SourceFile, options: SourceOptions) -> Extraction:
    """Return the policies and grants of a file. Never raises for what the file holds."""
    try:
        text = decode_python(file.path, file.data)
    except UnreadableTextError as error:
        diagnostic = Diagnostic(file.path, "not-text", str(error), error.line, 1, unjudged=True)
        return Extraction(diagnostics=(diagnostic,))
    try:
        tree = parse_python(text.text)
    except PythonSyntaxError as error:
        return _broken(file, text, error)
    index = build_index(tree)
    evaluator = Evaluator(text, index, construct)
    found = PolicyReader(evaluator, PythonDocument(text)).read()
    if file.named and not (found.policies or found.grants or found.diagnostics):
        message = "no policy was found in the file, though it has words of one"
        return Extraction(diagnostics=(Diagnostic(file.path, "no-policy", message),))
    return found


def _broken(file: SourceFile, text: Text, error: PythonSyntaxError) -> Extraction:
    code = "too-large" if error.limit else "syntax-error"
    message = f"not read: {error}" if error.limit else f"not Python: {error}"
    diagnostic = Diagnostic(file.path, code, message, error.line, error.column, unjudged=True)
    if not file.named:
        return Extraction(diagnostics=(diagnostic,))
    start = min(text.line_start(error.line) + error.column - 1, len(text.text))
    span = text.span(start, min(start + 1, len(text.text)))
    return Extraction(
        broken=(BrokenFile(span, "Python", str(error), error.limit),), diagnostics=(diagnostic,)
    )
