"""The annotations of a class under construction, lazily evaluated ones (Python 3.14) included."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from typing import Any, ClassVar, get_origin

_CLASS_VARIABLE = re.compile(r"[\s\"']*(?:\w+\.)*ClassVar\b")

if sys.version_info >= (3, 14):
    import annotationlib

    def annotations_of(namespace: dict[str, Any]) -> dict[str, Any]:
        """The annotations of a class namespace, as text."""
        annotate = annotationlib.get_annotate_from_class_namespace(namespace)
        if annotate is None:
            return namespace.get("__annotations__", {})
        return annotationlib.call_annotate_function(annotate, annotationlib.Format.STRING)

    def remove_annotations(namespace: dict[str, Any], names: Collection[str]) -> None:
        """Take annotations out of a class namespace, without evaluating the others."""
        annotate = annotationlib.get_annotate_from_class_namespace(namespace)
        if annotate is None:
            for name in names:
                del namespace["__annotations__"][name]
            return

        def remaining(format: int, /) -> dict[str, Any]:
            # what is asked for as values may hold names that are not defined yet
            wanted = annotationlib.Format(format)
            if wanted is not annotationlib.Format.STRING:
                wanted = annotationlib.Format.FORWARDREF
            found = annotationlib.call_annotate_function(annotate, wanted)
            return {name: value for name, value in found.items() if name not in names}

        if names:
            namespace["__annotate_func__"] = remaining

else:

    def annotations_of(namespace: dict[str, Any]) -> dict[str, Any]:
        """The annotations of a class namespace, as text or values."""
        found: dict[str, Any] = namespace.get("__annotations__", {})
        return found

    def remove_annotations(namespace: dict[str, Any], names: Collection[str]) -> None:
        """Take annotations out of a class namespace."""
        for name in names:
            del namespace["__annotations__"][name]


def is_class_variable(annotation: Any) -> bool:
    """Whether an annotation, as text or value, says ClassVar."""
    if isinstance(annotation, str):
        return _CLASS_VARIABLE.match(annotation) is not None
    return annotation is ClassVar or get_origin(annotation) is ClassVar
