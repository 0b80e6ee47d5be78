"""Trees to policies: list-or-string, holes, branches, faults."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import Embedded, Hole, Owner, Pointer, Policy, PolicyKind, Value
from iamlint.sources.documents import (
    PlaceholderResolver,
    PolicyBuilder,
    infer_kind,
    looks_like_policy,
    parse_embedded,
)
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text
from iamlint.sources.tree import At, Branch, Choice, Items, Segments, Unknown

OWNER = Owner("$", None, ())


def build(tree: object, resolver: object = None, kind: PolicyKind | None = None) -> Policy:
    document = JsonDocument(Text("p.json", "{}"), tree, "policy-json")
    return PolicyBuilder(document, resolver).policy(tree, (), owner=OWNER, kind=kind)  # type: ignore[arg-type]


def statement_of(**elements: object) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", **elements}]}


def codes(policy: Policy) -> list[tuple[str, Pointer]]:
    return [(fault.code, fault.pointer) for fault in policy.faults]


def test_a_single_text_and_a_list_of_one_mean_the_same() -> None:
    one = build({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    many = build({"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]})
    assert one.statements is not None
    assert many.statements is not None
    assert [v.text for v in one.statements[0].actions or ()] == [
        v.text for v in many.statements[0].actions or ()
    ]
    assert (one.statements[0].actions or ())[0].pointer == ("Statement", "Action")
    assert (many.statements[0].actions or ())[0].pointer == ("Statement", 0, "Action", 0)


def test_an_element_that_is_not_written_is_none_and_an_empty_one_is_empty() -> None:
    policy = build(statement_of(Resource=[]))
    assert policy.statements is not None
    assert policy.statements[0].resources == ()
    assert policy.statements[0].not_resources is None


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"Statement": []}, []),
        ({}, [("missing-statement", ())]),
        ([], [("no-object", ())]),
        ({"Statement": "x"}, [("wrong-type", ("Statement",))]),
        ({"Statement": [None, 3]}, [("wrong-type", ("Statement", 0)), ("wrong-type", ("Statement", 1))]),
        ({"Statement": [], "statement": []}, [("unknown-element", ("statement",))]),
        (statement_of(Effect="allow"), [("invalid-effect", ("Statement", 0, "Effect"))]),
        (
            statement_of(Action=["a:b", 3, None]),
            [("wrong-type", ("Statement", 0, "Action", 1)), ("wrong-type", ("Statement", 0, "Action", 2))],
        ),
        (statement_of(Action={"a": 1}), [("wrong-type", ("Statement", 0, "Action"))]),
        (statement_of(Sid=["a"]), [("wrong-type", ("Statement", 0, "Sid"))]),
        (statement_of(NotAction="a:b"), [("element-combination", ("Statement", 0, "NotAction"))]),
        (statement_of(Principal="123456789012"), [("principal-format", ("Statement", 0, "Principal"))]),
        (statement_of(Principal={"Aws": "x"}), [("principal-type", ("Statement", 0, "Principal", "Aws"))]),
        (statement_of(Principal=[]), [("principal-list", ("Statement", 0, "Principal"))]),
        (statement_of(Condition=[]), [("wrong-type", ("Statement", 0, "Condition"))]),
        (statement_of(Condition={"Bool": "x"}), [("wrong-type", ("Statement", 0, "Condition", "Bool"))]),
        ({"Statement": [{"Action": "a:b"}]}, [("missing-effect", ("Statement", 0))]),
        ({"Statement": [{"Effect": "Deny"}]}, [("missing-action", ("Statement", 0))]),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_what_the_grammar_does_not_allow_is_a_fault(
    tree: object, expected: list[tuple[str, Pointer]]
) -> None:
    assert codes(build(tree)) == expected


def test_booleans_and_numbers_are_condition_values() -> None:
    policy = build(
        statement_of(Condition={"Bool": {"aws:SecureTransport": True}, "NumericEquals": {"s3:max-keys": 10}})
    )
    assert policy.statements is not None
    assert [[v.text for v in c.values] for c in policy.statements[0].conditions] == [["true"], ["10"]]
    assert policy.faults == ()


def test_principals_keep_their_types() -> None:
    policy = build(statement_of(Principal={"AWS": ["*", "123456789012"], "Service": "ec2.amazonaws.com"}))
    assert policy.statements is not None
    principals = policy.statements[0].principals or ()
    assert [(p.type, p.value.text) for p in principals] == [
        ("AWS", "*"),
        ("AWS", "123456789012"),
        ("Service", "ec2.amazonaws.com"),
    ]


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        ([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], PolicyKind.IDENTITY),
        ([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}], PolicyKind.RESOURCE),
        ([{"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "sts:AssumeRole"}], PolicyKind.TRUST),
        (
            [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "x"},
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }
            ],
            PolicyKind.TRUST,
        ),
        (
            [{"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "sts:AssumeRoleWithSAML"}],
            PolicyKind.TRUST,
        ),
        (
            [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}],
            PolicyKind.RESOURCE,
        ),
        (
            [{"Effect": "Allow", "Principal": "*", "Action": ["ec2:*"], "Resource": "*"}],
            PolicyKind.ENDPOINT,
        ),
        (
            [{"Effect": "Allow", "Principal": "*", "Action": ["ec2:*", "s3:*"], "Resource": "*"}],
            PolicyKind.RESOURCE,
        ),
        ([], PolicyKind.IDENTITY),
    ],
    ids=str,
)
def test_kind_from_the_elements(statements: list[object], kind: PolicyKind) -> None:
    assert build({"Statement": statements}).kind is kind
    assert infer_kind(None) is PolicyKind.IDENTITY


@pytest.mark.parametrize(
    ("tree", "answer"),
    [
        ({"Version": "2012-10-17", "Statement": []}, True),
        ({"Statement": [{"Effect": "Allow"}]}, True),
        ({"Statement": {"Action": "x:y"}}, True),
        ({"Statement": []}, False),
        ({"Statement": "select 1"}, False),
        ({"Statement": [{"DataIdentifier": []}], "Version": "2021-06-01"}, False),
        ({"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}, False),
        ({"Statement": [{"sql": "x"}]}, False),
        ([], False),
        ({"Rules": []}, False),
    ],
    ids=str,
)
def test_shape_of_a_policy_and_of_its_look_alikes(tree: object, answer: bool) -> None:
    assert looks_like_policy(tree) is answer


class Resolver:
    """Answers nodes by their text."""

    templates = True

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers

    def resolve(self, node: object, pointer: Pointer) -> object:
        return self.answers.get(node, node) if isinstance(node, str) else node


HOLE = Hole("parameter", "Bucket")


def test_segments_unknown_choice_items_and_moved_nodes() -> None:
    resolver = Resolver(
        {
            "seg": Segments(("arn:", HOLE)),
            "unk": Unknown(HOLE),
            "choice": Choice(
                (Branch((("A", True),), "x:y", ("t",)), Branch((("A", False),), ["v:w", "z:z"], ("f",)))
            ),
            "items": Items((At("i:j", ("elsewhere",)), At("seg", ("more",)))),
        }
    )
    policy = build(statement_of(Action=["seg", "unk", "choice", "items", "p:q"]), resolver)
    assert policy.statements is not None
    actions = policy.statements[0].actions or ()
    assert [(str(v), v.pointer, v.when) for v in actions] == [
        ("arn:<Bucket>", ("Statement", 0, "Action", 0), ()),
        ("<Bucket>", ("Statement", 0, "Action", 1), ()),
        ("x:y", ("t",), (("A", True),)),
        ("v:w", ("f", 0), (("A", False),)),
        ("z:z", ("f", 1), (("A", False),)),
        ("i:j", ("elsewhere",), ()),
        ("arn:<Bucket>", ("more",), ()),
        ("p:q", ("Statement", 0, "Action", 4), ()),
    ]
    assert actions[1].hole == HOLE


def test_an_unknown_statement_is_there_but_unread() -> None:
    policy = build({"Statement": ["unk"]}, Resolver({"unk": Unknown(HOLE)}))
    assert policy.statements is None
    more = build({"Statement": [{"Effect": "Deny", "Action": "*"}, "unk"]}, Resolver({"unk": Unknown(HOLE)}))
    assert more.statements is not None
    assert [s.is_allow for s in more.statements] == [False, True]
    assert more.statements[1].unread_condition


def test_contradicting_branches_are_not_paired() -> None:
    inner = Choice((Branch((("A", False),), "never:here", ("n",)), Branch((("A", True),), "x:y", ("t",))))
    outer = Choice((Branch((("A", True),), "inner", ("o",)),))
    policy = build(statement_of(Action="outer"), Resolver({"outer": outer, "inner": inner}))
    assert policy.statements is not None
    assert [v.text for v in policy.statements[0].actions or ()] == ["x:y"]


def test_an_element_that_the_template_removes_is_not_written() -> None:
    class Removed(Resolver):
        def resolve(self, node: object, pointer: Pointer) -> object:
            return Choice(()) if node == {"Ref": "AWS::NoValue"} else node

    policy = build(statement_of(Resource={"Ref": "AWS::NoValue"}), Removed({}))
    assert policy.statements is not None
    assert policy.statements[0].resources is None
    listed = build(statement_of(Resource=[{"Ref": "AWS::NoValue"}]), Removed({}))
    assert listed.statements is not None
    assert listed.statements[0].resources == ()


def test_a_reference_to_itself_ends() -> None:
    loop = Choice((Branch((), "loop", ("l",)),))
    policy = build(statement_of(Action="loop"), Resolver({"loop": loop}))
    assert policy.statements is not None
    assert (policy.statements[0].actions or ())[0].hole is not None


def test_placeholders_are_holes_and_policy_variables_are_text() -> None:
    tree = statement_of(Resource=["arn:aws:s3:::${bucket}/${aws:username}/*", "${*}"])
    policy = build(tree, PlaceholderResolver())
    assert policy.statements is not None
    first, second = policy.statements[0].resources or ()
    assert first.parts == ("arn:aws:s3:::", Hole("placeholder", "bucket"), "/${aws:username}/*")
    assert second.text == "${*}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<my-org-id>", [Hole("placeholder", "my-org-id")]),
        ("{example-region-1}", [Hole("placeholder", "example-region-1")]),
        ("{{bucket}}/*", [Hole("placeholder", "bucket"), "/*"]),
        ("${aws:username}", ["${aws:username}"]),
        ("a<b", ["a<b"]),
        ("arn:aws:iam::<account id>:root", ["arn:aws:iam::", Hole("placeholder", "account id"), ":root"]),
    ],
)
def test_brackets_and_braces_are_placeholders(text: str, shown: list[object]) -> None:
    policy = build(statement_of(Resource=text), PlaceholderResolver())
    assert policy.statements is not None
    assert [list(value.segments) for value in policy.statements[0].resources or ()] == [shown]


def test_a_document_in_text_with_holes_in_and_outside_quotes() -> None:
    first, second = Hole("parameter", "A"), Hole("parameter", "B")
    parts = ('{"Statement": [{"Effect": "Allow", "Action": "s3:', first, '", "Resource": ', second, "}]}")
    offsets = (0, len(parts[0]), len(parts[0]) + 4, 80, 84)
    tree, step, resolver = parse_embedded(parts, offsets)
    policy = build(tree, resolver)
    assert policy.statements is not None
    (statement,) = policy.statements
    assert [str(v) for v in statement.actions or ()] == ["s3:<A>"]
    assert [v.hole for v in statement.resources or ()] == [second]
    assert isinstance(step, Embedded)


def test_a_hole_in_a_condition_key_is_shown_by_its_name() -> None:
    provider = Hole("attribute", "Provider")
    parts = (
        '{"Statement": [{"Effect": "Allow", "Action": "a:b", "Condition": {"StringEquals": {"',
        provider,
        ':sub": "x"}}}]}',
    )
    tree, _, resolver = parse_embedded(parts, (0, 100, 108))
    policy = build(tree, resolver)
    assert policy.statements is not None
    assert [c.key for c in policy.statements[0].conditions] == ["<Provider>:sub"]


def test_percent_encoded_text_maps_back_to_its_characters() -> None:
    text = "%7B%22Statement%22%3A%5B%5D%7D"
    tree, step, _ = parse_embedded((text,), (0,))
    assert tree == {"Statement": []}
    assert step.outer_offset(step.text.index("[")) == text.index("%5B")


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Statement",
                    "Effect",
                    "Action",
                    "NotAction",
                    "Resource",
                    "Principal",
                    "Condition",
                    "Sid",
                    "AWS",
                    "Bool",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(ODD)
def test_any_tree_becomes_a_policy_and_what_is_wrong_is_said(tree: object) -> None:
    policy = build(tree)
    if not isinstance(tree, dict) or "Statement" not in tree:
        assert policy.faults
    for statement in policy.statements or ():
        for values in (statement.actions, statement.resources):
            assert values is None or all(isinstance(v, Value) for v in values)
