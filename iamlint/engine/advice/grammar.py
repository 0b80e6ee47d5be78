"""What a rule file may say about advice. Imported to read rules from YAML only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.advice.words import WORDS, words_in
from iamlint.engine.rule import ADVICE, WITH_TESTS
from iamlint.model.policy import STATEMENT_ELEMENTS
from iamlint.semantics.conditions import parse_operator

__all__ = ["mistakes_in_advice"]

Mistake = tuple[tuple[str | int, ...], str]


def mistakes_in_advice(entry: object) -> Iterator[Mistake]:
    """Yield what is wrong with an entry of `advice`, with the path to it below the entry."""
    if isinstance(entry, str):
        if entry not in ADVICE:
            yield (), f"unknown maker {entry!r}; the makers are {', '.join(ADVICE)}"
        elif entry in WITH_TESTS or entry == "statement":
            yield (), f"{entry} needs what it shall say: `{entry}: {{...}}`"
        return
    if not isinstance(entry, dict) or len(entry) != 1:
        yield (), "an entry is the name of a maker, or a mapping of one name to what it shall say"
        return
    ((name, argument),) = entry.items()
    if name not in ADVICE:
        yield (name,), f"unknown maker {name!r}; the makers are {', '.join(ADVICE)}"
    elif name in WITH_TESTS:
        yield from _in_tests(argument, (name,))
    elif name == "statement":
        yield from _in_statement(argument, (name,))
    else:
        yield (name,), f"{name} takes nothing: write it as a word"


def _in_tests(tests: object, path: tuple[str | int, ...]) -> Iterator[Mistake]:
    if not isinstance(tests, dict) or not tests:
        yield path, "a condition block must be a mapping of operators that is not empty"
        return
    for operator, keys in tests.items():
        if not parse_operator(operator).known:
            yield (*path, operator), f"unknown operator {operator!r}"
        if not isinstance(keys, dict) or not keys:
            yield (*path, operator), "an operator must be a mapping of keys that is not empty"
            continue
        for key, value in keys.items():
            yield from _in_texts([key], (*path, operator, key))
            yield from _in_texts(value, (*path, operator, key))


def _in_statement(elements: object, path: tuple[str | int, ...]) -> Iterator[Mistake]:
    if not isinstance(elements, dict):
        yield path, "a statement must be a mapping"
        return
    for name in ("Effect", "Action"):
        if name not in elements:
            yield path, f"a statement needs {name}"
    for name, value in elements.items():
        if name not in STATEMENT_ELEMENTS:
            yield (*path, name), f"{name!r} is not an element of a statement"
        elif name == "Condition":
            yield from _in_tests(value, (*path, name))
        elif isinstance(value, Mapping):
            for kind, texts in value.items():
                yield from _in_texts(texts, (*path, name, kind))
        else:
            yield from _in_texts(value, (*path, name))


def _in_texts(value: object, path: tuple[str | int, ...]) -> Iterator[Mistake]:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if not isinstance(text, str) or not text:
            yield path, "a value must be a text, or a list of texts, that is not empty"
            continue
        for word in words_in(text):
            if word not in WORDS:
                yield path, f"unknown word {{{word}}}; the words are {', '.join(WORDS)}"
