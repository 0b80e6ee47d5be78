"""Records behave as the frozen dataclasses of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from iamlint.record import field, fields, record, replace


@record
class Point:
    """A point."""

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.x + self.y


@record
class Named(Point):
    label: str = "p"


@record(frozen=False)
class Counter:
    count: int = 0


@record(order=True)
class Version:
    major: int
    minor: int


@record(eq=False)
class Thing:
    name: str


@record
class Empty:
    pass


@record
class Checked:
    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError(self.value)


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    x: int
    y: int = 2


@record
class Same:
    x: int
    y: int = 2


def test_fields_in_order_with_defaults() -> None:
    assert (Point(1).x, Point(1).y, Point(1, 3).y, Point(x=4, y=5).total) == (1, 2, 3, 9)
    assert Point(1).names is not Point(1).names
    assert list(fields(Named)) == ["x", "y", "names", "label"]
    assert Named(1, 2, ["a"], "b").label == "b"


@pytest.mark.parametrize("arguments", [(), (1, 2, 3), ("a",), (1,), (1, 5)])
def test_the_same_as_a_dataclass(arguments: tuple[object, ...]) -> None:
    def tried(cls: type) -> object:
        try:
            made = cls(*arguments)
        except TypeError:
            return TypeError
        return (
            repr(made).replace(cls.__name__, "C"),
            hash(made) == hash(cls(*arguments)),
            made == cls(*arguments),
        )

    assert tried(Same) == tried(Model)


def test_frozen_unless_said_otherwise() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        Point(1).x = 2  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(AttributeError):
        del Point(1).x
    with pytest.raises((AttributeError, TypeError)):
        Point(1).z = 2  # type: ignore[attr-defined]  # a slot that is not there
    counter = Counter()
    counter.count += 1
    assert counter.count == 1
    with pytest.raises(TypeError):
        hash(counter)


def test_equality_is_of_class_and_fields() -> None:
    assert Version(1, 2) == Version(1, 2) != Version(1, 3)
    assert Point(1) != Named(1)
    assert Thing("a") != Thing("a")
    assert len({Version(1, 2), Version(1, 2)}) == 1
    assert Empty() == Empty()


def test_order() -> None:
    assert sorted([Version(2, 0), Version(1, 9)]) == [Version(1, 9), Version(2, 0)]


def test_replace_copy_and_pickle() -> None:
    assert replace(Point(1), y=7) == Point(1, 7)
    with pytest.raises(TypeError):
        replace(Point(1), z=7)
    for made in (Point(1, 2, ["a"]), Named(1), Empty(), Version(1, 2)):
        assert pickle.loads(pickle.dumps(made)) == made
        assert copy.copy(made) == made


@record
class Square:
    side: int
    area: int = field(init=False)
    seen: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        object.__setattr__(self, "area", self.side**2)


def test_derived_fields_are_no_arguments_and_do_not_count() -> None:
    one, other = Square(3), Square(3)
    one.seen.append("x")
    assert (one.area, other.seen) == (9, [])
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one).endswith("Square(side=3)")
    assert replace(one, side=4).area == 16
    assert pickle.loads(pickle.dumps(one)).area == 9
    with pytest.raises(TypeError):
        Square(3, area=1)  # type: ignore[call-arg]


@record
class Cached:
    text: str

    def __hash__(self) -> int:
        return 5


def test_a_hash_of_its_own_is_kept() -> None:
    assert hash(Cached("a")) == 5
    assert Cached("a") == Cached("a")


def test_post_init_and_match() -> None:
    with pytest.raises(ValueError, match="-1"):
        Checked(-1)
    match Version(3, 4):
        case Version(major, minor):
            assert (major, minor) == (3, 4)
