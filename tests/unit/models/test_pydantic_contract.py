"""What asyncorm uses of pydantic beyond its public interface; a new version may change it."""

from __future__ import annotations

import ast
from inspect import signature
from typing import Any

from pydantic import BaseModel
from pydantic._internal import _model_construction
from pydantic._internal._model_construction import (
    ModelMetaclass,
    build_lenient_weakvaluedict,
    init_private_attributes,
    unpack_lenient_weakvaluedict,
)

from tests.architecture.sources import library


def test_nothing_else_private_is_imported() -> None:
    used = {
        (node.module, alias.name)
        for source in library()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pydantic._")
        for alias in node.names
    }
    module = _model_construction.__name__
    assert used == {
        (module, "ModelMetaclass"),
        (module, "build_lenient_weakvaluedict"),
        (module, "init_private_attributes"),
    }


def test_the_metaclass_takes_what_is_handed_over() -> None:
    parameters = signature(ModelMetaclass.__new__).parameters
    assert list(parameters)[:4] == ["mcs", "cls_name", "bases", "namespace"]
    assert "__pydantic_reset_parent_namespace__" in parameters
    assert isinstance(BaseModel, ModelMetaclass)


def test_the_metaclass_removes_fields_from_the_class_and_answers_for_them() -> None:
    class Plain(BaseModel):
        x: int = 1

    assert "x" not in Plain.__dict__
    assert "__getattr__" in ModelMetaclass.__dict__


def test_local_names_are_handed_over_in_the_namespace() -> None:
    class Local:
        pass

    packed: Any = build_lenient_weakvaluedict({"Local": Local, "number": 1})
    assert unpack_lenient_weakvaluedict(packed) == {"Local": Local, "number": 1}


def test_instances_keep_their_state_in_three_slots() -> None:
    slots = BaseModel.__slots__
    assert {"__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"} < set(slots)
    for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
        assert hasattr(BaseModel.__dict__[name], "__set__")
    assert hasattr(BaseModel.__dict__["__dict__"], "__set__")


def test_private_attributes_are_initialised_by_a_function_of_the_instance() -> None:
    assert list(signature(init_private_attributes).parameters) == ["self", "context"]


def test_a_base_init_marked_as_such_is_not_called_by_validation() -> None:
    calls: list[dict[str, Any]] = []

    class Plain(BaseModel):
        x: int

        def __init__(self, /, **data: Any) -> None:
            calls.append(data)
            self.__pydantic_validator__.validate_python(data, self_instance=self)

        __init__.__pydantic_base_init__ = True

    class Child(Plain):
        pass

    assert Child(x=1).x == 1
    assert Child.model_validate({"x": 2}).x == 2
    assert calls == [{"x": 1}]
    assert not Child.__pydantic_custom_init__


def test_pickled_state_names_the_parts_of_an_instance() -> None:
    class Plain(BaseModel):
        x: int

    state = Plain(x=1).__getstate__()
    assert state["__dict__"] == {"x": 1}
    assert state["__pydantic_fields_set__"] == {"x"}
