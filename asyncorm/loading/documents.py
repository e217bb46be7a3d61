"""Documents: a SELECT of one entity as JSON with the fields of a read model, whole trees of them.

What a relationship leads to is an array of objects inside the object of its owner, made by a
subquery in its select list; which of the related rows is said by options of the statement.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from asyncorm.compiler.results import result_of
from asyncorm.errors import ArgumentError, ConfigurationError, InvalidRequestError
from asyncorm.loading.criteria import narrowed
from asyncorm.loading.directives import Step, Strategy
from asyncorm.loading.draft import Expansion, Place
from asyncorm.loading.nesting import Level
from asyncorm.loading.tree import Edge, LoadNode, trees_of
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.relationships import Relationship
from asyncorm.models.documents import DocumentField, bytes_form, document_fields, is_read_model
from asyncorm.sql.criteria import Criteria, criteria_of
from asyncorm.sql.documents import KEY, DocumentRows, DocumentValue
from asyncorm.sql.expressions import CastTo, Expression, Label, Parameter, ScalarQuery
from asyncorm.sql.nesting import nest
from asyncorm.sql.sources import column_of, entity_of, is_entity, source_of
from asyncorm.sql.statements.query import Rows
from asyncorm.sql.statements.select import Select, select
from asyncorm.types.documents import json_template, label_values
from asyncorm.types.json import JSON, JSONB
from asyncorm.types.scalars import TEXT


def is_document(statement: Any) -> bool:
    """Whether the rows of a statement are one entity each, and wanted as a read model."""
    shape = getattr(statement, "_shape", None)
    return _selects_one_entity(statement) and is_read_model(shape)


def is_shaped(statement: Any) -> bool:
    """Whether the rows are one entity each, and wanted as objects of a class with its columns."""
    shape = getattr(statement, "_shape", None)
    return _selects_one_entity(statement) and bool(_field_names(shape))


def check_shape(statement: Any) -> None:
    """Refuse a class that rows of a SELECT can't be made into."""
    shape = getattr(statement, "_shape", None)
    if not isinstance(shape, type) or not isinstance(statement, Rows):
        return
    if hasattr(shape, "__mapper__"):
        raise ArgumentError(
            f"into() takes no mapped class: {shape.__name__} would be made as a new object",
            hint=f"select({shape.__name__}) gives the objects; a read model is a class of its own",
        )
    if _selects_one_entity(statement):
        (item,) = statement._output_items()
        raise ArgumentError(
            f"{shape.__name__} has no fields to read {getattr(item, '_entity', item).__name__} by",
            hint="give into() a pydantic model, a dataclass or a NamedTuple",
        )


def _selects_one_entity(statement: Any) -> bool:
    if not isinstance(statement, Rows):
        return False
    items = statement._output_items()
    return len(items) == 1 and is_entity(items[0])


def as_documents(statement: Rows[Any]) -> Expansion:
    """The statement whose rows are JSON texts."""
    trees = trees_of(statement)
    (item,) = statement._output_items()
    mapper: Mapper = entity_of(item).__mapper__
    builder = _Builder(criteria_of(statement._options))
    source, query = _plain_query(statement, item, mapper)
    node = trees.get(0) or LoadNode(mapper)
    model: Any = statement._shape
    if all(join.source is not source_of(source) for join in query._joins):
        query = query.select_from(source)  # there may be nothing but subqueries to tell it
    query._items = tuple(builder.fields(model, mapper, source, node))
    query._options, query._shape = (), None
    rows = query.subquery()
    text: Label[Any, Any] = Label(CastTo(DocumentRows(rows, "one"), TEXT), model.__name__[:60])
    return Expansion(select(text).select_from(rows), constants=tuple(builder.constants))


def _plain_query(statement: Any, item: Any, mapper: Mapper) -> tuple[Any, Any]:
    """A SELECT whose items may be replaced without changing its rows, and its entity."""
    if isinstance(statement, Select):
        extras = statement._extras
        if extras.distinct is None and not extras.group_by and not extras.having:
            return item, statement._copy()
    nullable = [getattr(one, "nullable", False) for one in result_of(statement)[1]]
    nesting = nest(statement, ["entity"], {0: list(mapper.columns)}, nullable)
    if nesting is None:
        raise InvalidRequestError(
            "the rows of the set operation can't be made into documents",
            hint="select the entity from it: select(aliased(User, query.subquery()))",
        )
    source = nesting.items[0]
    query: Select[Any] = Select((source,))
    query._order = nesting.order
    return source, query


class _Builder:
    """Makes the fields of documents; notes the values that mappings bring."""

    def __init__(self, criteria: tuple[Criteria, ...]) -> None:
        self._criteria = criteria
        self.constants: list[Parameter[Any]] = []
        self._path: list[tuple[Any, Relationship[Any, Any]]] = []

    def fields(self, model: Any, mapper: Mapper, source: Any, node: LoadNode) -> list[Any]:
        """The fields of a document of an entity, by their names in JSON."""
        found: list[Any] = []
        for field in document_fields(model):
            value = self._field(model, field, mapper, source, node)
            if value is not None:
                found.append(Label(value, field.key))
        if not found:
            raise ConfigurationError(
                f"{model.__name__} has no field that {mapper.name} has",
                hint=f"name its fields as the attributes of {mapper.name}",
            )
        return found

    def _field(
        self, model: Any, field: DocumentField, mapper: Mapper, source: Any, node: LoadNode
    ) -> Expression[Any, Any] | None:
        for name in field.attributes:
            if name in mapper.columns:
                return self._value(model, field, column_of(source, name))
            if name in mapper.relationships:
                return self._related(model, field, mapper.relationships[name], source, node)
        if field.is_required:
            raise ConfigurationError(
                f"{model.__name__}.{field.name} is required, and {mapper.name} has no column or "
                "relationship of that name",
                hint="give the field a default or an alias, or compute it with @computed_field",
            )
        return None

    def _value(self, model: Any, field: DocumentField, column: Any) -> Expression[Any, Any]:
        template = json_template(column._type, bytes_form(model))
        if template is None:
            raise ConfigurationError(
                f"{model.__name__}.{field.name} can't read bytes from JSON as UTF-8, since not all "
                "of them are text",
                hint='read another form: model_config = ConfigDict(val_json_bytes="hex")',
            )
        by_label = label_values(column._type)
        if by_label is None:
            return DocumentValue(column, template)
        values: Parameter[Any] = Parameter(by_label, JSONB())
        self.constants.append(values)
        return DocumentValue(column, template, values)

    def _related(
        self,
        model: Any,
        field: DocumentField,
        relationship: Relationship[Any, Any],
        source: Any,
        node: LoadNode,
    ) -> Expression[Any, Any] | None:
        name = f"{model.__name__}.{field.name}"
        kind = _check_kind(name, field, relationship)
        edge = node.edges.get(relationship)
        if edge is None:
            if (model, relationship) in self._path:
                _check_end(name, field, relationship)
                return None
            step = Step(relationship, Strategy.NESTED)
            target: Any = relationship.target
            edge = Edge(step, Strategy.NESTED, LoadNode(target).narrow(self._criteria))
            edge.selection = narrowed(relationship, None, self._criteria)
        assert field.below is not None
        level = Level(edge, Place(0, source, node, nullable=False), None)
        self.constants += level.constants
        self._path.append((model, relationship))
        items = self.fields(field.below.model, level.mapper, level.alias, edge.node)
        self._path.pop()
        if kind == "dict":
            assert relationship.keyed_by is not None
            items.append(Label(column_of(level.alias, relationship.keyed_by), KEY))
        rows = level.rows(items)
        if kind == "one":
            rows = rows.limit(1)
            self.constants += rows._limit._parameters  # type: ignore[union-attr]
        derived = rows.subquery()
        value: Select[Any] = select(DocumentRows(derived, kind)).select_from(derived)
        return ScalarQuery(value, JSON())


def _check_kind(name: str, field: DocumentField, relationship: Relationship[Any, Any]) -> Any:
    """How related objects stand in a document; the field must be declared for it."""
    wanted = "list" if relationship.to_many else "one"
    below = field.below
    if below is not None and below.kind == "dict" and relationship.keyed_by is not None:
        return "dict"
    if below is None or below.kind != wanted:
        form = "list[BookRead]" if relationship.to_many else "BookRead | None"
        raise ConfigurationError(
            f"{name} can't hold what {relationship} leads to",
            hint=f"annotate it with a pydantic model, as in {form}",
        )
    return wanted


def _check_end(name: str, field: DocumentField, relationship: Relationship[Any, Any]) -> None:
    """The last level of a read model that contains itself lacks the field, if it may."""
    if field.is_required:
        raise ConfigurationError(
            f"{name} leads to its own model without end",
            hint=f"give it a default, and the number of levels as option: "
            f"nestedload({relationship}, recursion_depth=3)",
        )


def as_columns(statement: Any) -> Any:
    """The statement with the columns that a dataclass or NamedTuple has as fields."""
    shape = statement._shape
    (item,) = statement._output_items()
    mapper: Mapper = entity_of(item).__mapper__
    names: list[str] = []
    for name, is_required in _field_names(shape):
        if name in mapper.columns:
            names.append(name)
        elif is_required:
            raise ConfigurationError(
                f"{shape.__name__}.{name} is required, and {mapper.name} has no column of that "
                "name",
                hint="give the field a default; relationships need a pydantic model",
            )
    if not names:
        raise ConfigurationError(
            f"{shape.__name__} has no field that {mapper.name} has as a column",
            hint=f"name its fields as the attributes of {mapper.name}",
        )
    if isinstance(statement, Select):
        query: Any = statement._copy()
    else:
        item, query = _plain_query(statement, item, mapper)
    query._items = tuple(Label(column_of(item, name), name) for name in names)
    return query


def _field_names(shape: Any) -> Sequence[tuple[str, bool]]:
    """The fields of a dataclass or NamedTuple, and whether they must be given."""
    if dataclasses.is_dataclass(shape):
        missing = dataclasses.MISSING
        return [
            (f.name, f.default is missing and f.default_factory is missing)
            for f in dataclasses.fields(shape)
            if f.init
        ]
    if isinstance(shape, type) and issubclass(shape, tuple) and hasattr(shape, "_fields"):
        defaults = getattr(shape, "_field_defaults", {})
        names: tuple[str, ...] = getattr(shape, "_fields", ())
        return [(name, name not in defaults) for name in names]
    return ()
