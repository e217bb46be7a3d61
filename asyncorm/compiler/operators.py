"""Rendering of operators: one table says how tight each of them binds, and what writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asyncorm.compiler.expressions import parentheses
from asyncorm.compiler.renderer import Renderer
from asyncorm.errors import InvalidRequestError
from asyncorm.sql.constructs import Quantified
from asyncorm.sql.expressions import Label, Operation, ScalarQuery
from asyncorm.types.arrays import BulkArray
from asyncorm.types.composites import is_composite

Operands = tuple[Any, ...]
#: writes an operation of the operator that is named
Writer = Callable[[Renderer, str, Operands], None]

_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: IS NULL asks whether all fields of a composite are NULL, and IS NOT NULL whether none is
_OF_COMPOSITES = {
    "IS NULL": "IS NOT DISTINCT FROM NULL",
    "IS NOT NULL": "IS DISTINCT FROM NULL",
}
_LEFT_ASSOCIATIVE = frozenset(("+", "-", "*", "/", "%", "||", "->", "->>", "#>", "#>>", "#-"))
_ASSOCIATIVE = frozenset(("AND", "OR"))


def render_operation(renderer: Renderer, operation: Operation[Any, Any]) -> None:
    """An operator with its operands."""
    _, write = _known(operation.operator)
    write(renderer, operation.operator, operation.operands)


def _known(operator: str) -> tuple[int, Writer]:
    found = OPERATORS.get(operator)
    if found is None:
        raise InvalidRequestError(
            "an operation has an operator that asyncorm doesn't know",
            hint="use the operators of expressions, or sql() for a text of your own",
        )
    return found


def _operand(renderer: Renderer, operand: Any, operator: str, *, is_first: bool = True) -> None:
    """An operand, in parentheses where it binds weaker than the operator."""
    inner = operand
    while isinstance(inner, Label):
        inner = inner.inner
    # nothing else needs parentheses
    is_loose = isinstance(inner, Operation) and _is_loose(inner.operator, operator, is_first)
    renderer.write("(" if is_loose else "")
    renderer.render(inner)
    renderer.write(")" if is_loose else "")


def _is_loose(inner: str, outer: str, is_first: bool) -> bool:
    own, level = _known(inner)[0], _known(outer)[0]
    if own != level:
        return own < level
    if outer in _ASSOCIATIVE:
        return False
    return not (is_first and outer in _LEFT_ASSOCIATIVE and inner in _LEFT_ASSOCIATIVE)


def _infix(renderer: Renderer, operator: str, operands: Operands, text: str = "") -> None:
    for index, operand in enumerate(operands):
        if index:
            renderer.write(f" {text or operator} ")
        _operand(renderer, operand, operator, is_first=index == 0)


def _infix_as(text: str) -> Writer:
    return lambda renderer, operator, operands: _infix(renderer, operator, operands, text)


def _comparison(renderer: Renderer, operator: str, operands: Operands) -> None:
    if isinstance(operands[0], Quantified):  # ANY and ALL stand on the right only
        operator, operands = _MIRRORED[operator], operands[::-1]
    _infix(renderer, operator, operands)


def _prefix(text: str) -> Writer:
    def write(renderer: Renderer, operator: str, operands: Operands) -> None:
        renderer.write(text)
        _operand(renderer, operands[0], operator)

    return write


def _postfix(renderer: Renderer, operator: str, operands: Operands) -> None:
    _operand(renderer, operands[0], operator)
    whole = is_composite(operands[0]._type)
    renderer.write(" ", _OF_COMPOSITES.get(operator, operator) if whole else operator)


def _between(renderer: Renderer, operator: str, operands: Operands) -> None:
    _infix(renderer, operator, operands[:2])
    renderer.write(" AND ")
    _operand(renderer, operands[2], operator, is_first=False)


def _call(renderer: Renderer, operator: str, operands: Operands) -> None:
    renderer.write(operator)
    parentheses(renderer, operands)


def _exists(renderer: Renderer, operator: str, operands: Operands) -> None:
    renderer.write("EXISTS ")
    renderer.render(operands[0])


def _quantified(renderer: Renderer, operator: str, operands: Operands) -> None:
    value, array = operands
    _operand(renderer, value, operator)
    renderer.write(f" {operator} ")
    if isinstance(array._type, BulkArray):  # there are no arrays of arrays
        renderer.write("(SELECT unnest")
        parentheses(renderer, (array,))
        renderer.write("::", array._type.item.cast_type, ")")
    else:
        parentheses(renderer, (array,))


def _elements(quantified: str) -> Writer:
    def write(renderer: Renderer, _: str, operands: Operands) -> None:
        array, value = operands
        _operand(renderer, value, "=")
        renderer.write(f" {quantified} (")
        renderer.render(array)
        # a query's one array, which without a cast PostgreSQL would take for its rows
        renderer.write(f"::{array._type.ddl})" if isinstance(array, ScalarQuery) else ")")

    return write


def _subscript(before: str, between: str) -> Writer:
    def write(renderer: Renderer, operator: str, operands: Operands) -> None:
        parentheses(renderer, operands[:1])
        renderer.write(before)
        renderer.render(operands[1])
        renderer.write(between)
        renderer.render_list(operands[2:])
        renderer.write("]")

    return write


def _strpos(renderer: Renderer, operator: str, operands: Operands) -> None:
    _call(renderer, "strpos", operands)
    renderer.write(" > 0")


def _ends_with(renderer: Renderer, operator: str, operands: Operands) -> None:
    text, suffix = operands
    renderer.write("right(")
    renderer.render(text)
    renderer.write(", length(")
    renderer.render(suffix)
    renderer.write(")) = ")
    _operand(renderer, suffix, operator, is_first=False)


def _websearch(renderer: Renderer, operator: str, operands: Operands) -> None:
    document, searched, *config = operands
    if operator == "text @@ websearch":
        _call(renderer, "to_tsvector", (*config, document))
    else:
        _operand(renderer, document, operator)
    renderer.write(" @@ ")
    _call(renderer, "websearch_to_tsquery", (*config, searched))


#: every operator there is: how tight it binds, as in PostgreSQL's manual, and what writes it
OPERATORS: Mapping[str, tuple[int, Writer]] = {
    "OR": (1, _infix),
    "AND": (2, _infix),
    "NOT": (3, _prefix("NOT ")),
    **dict.fromkeys(("IS NULL", "IS TRUE", "IS FALSE"), (4, _postfix)),
    **dict.fromkeys(("IS NOT NULL", "IS NOT TRUE", "IS NOT FALSE"), (4, _postfix)),
    **dict.fromkeys(("IS DISTINCT FROM", "IS NOT DISTINCT FROM"), (4, _infix)),
    **dict.fromkeys(_MIRRORED, (5, _comparison)),
    **dict.fromkeys(("= ANY", "<> ALL"), (5, _quantified)),
    "= any element": (5, _elements("= ANY")),
    "= all elements": (5, _elements("= ALL")),
    "strpos": (5, _strpos),
    "ends_with": (5, _ends_with),
    **dict.fromkeys(("BETWEEN", "BETWEEN SYMMETRIC"), (6, _between)),
    **dict.fromkeys(("IN", "NOT IN", "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"), (6, _infix)),
    # text, documents, what has keys
    **dict.fromkeys(("||", "~", "~*", "->", "->>", "#>", "#>>", "#-"), (7, _infix)),
    **dict.fromkeys(("?", "?|", "?&", "@?", "@@"), (7, _infix)),
    # arrays, ranges, networks, bits
    **dict.fromkeys(("@>", "<@", "&&", ">>=", "<<=", "<<", ">>", "&<", "&>", "-|-"), (7, _infix)),
    **dict.fromkeys(("&", "|", "#"), (7, _infix)),
    "invert": (7, _prefix("~ ")),
    # vectors, searches
    **dict.fromkeys(("<->", "<=>", "<#>", "<+>"), (7, _infix)),
    "tsquery &&": (7, _infix_as("&&")),
    "tsquery ||": (7, _infix_as("||")),
    "!!": (7, _prefix("!! ")),
    **dict.fromkeys(("@@ websearch", "text @@ websearch"), (7, _websearch)),
    **dict.fromkeys(("+", "-"), (8, _infix)),
    **dict.fromkeys(("*", "/", "%"), (9, _infix)),
    "AT TIME ZONE": (10, _infix),
    "negate": (11, _prefix("-")),
    "[]": (20, _subscript("[", "")),
    "[:]": (20, _subscript("[", ":")),
    "[n:]": (20, _subscript("[", ":")),
    "[:n]": (20, _subscript("[:", "")),
    **dict.fromkeys(("starts_with", "div", "to_jsonb"), (20, _call)),
    "EXISTS": (20, _exists),
}
