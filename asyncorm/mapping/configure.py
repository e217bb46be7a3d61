"""Configuration: resolve what models say of each other by name, and check that it fits."""

from __future__ import annotations

from typing import Any

from asyncorm.errors import ConfigurationError
from asyncorm.mapping.custom_join import resolve_join
from asyncorm.mapping.direction import resolve_direction, suggest
from asyncorm.mapping.hierarchy import check_key
from asyncorm.mapping.keyed_dict import KeyedDict
from asyncorm.mapping.link_table import find_ends, link_table
from asyncorm.mapping.mapper import Mapper
from asyncorm.mapping.member_order import resolve_order
from asyncorm.mapping.registry import Registry
from asyncorm.mapping.relationships import Direction, Relationship
from asyncorm.sql.constraints import ForeignKeyConstraint
from asyncorm.sql.subtype import Subtype
from asyncorm.sql.table import BaseColumn, ForeignKey, Table


def configure(registry: Registry) -> None:
    """Complete all entities declared since the last call; raises ConfigurationError."""
    pending = list(registry.pending)
    for mapper in pending:
        resolve_foreign_keys(mapper.table, registry)
        check_key(mapper)
    declared = [(r, m) for m in pending for r in m.relationships.values() if r.owner is m.entity]
    for relationship, mapper in declared:
        _resolve_target(relationship, mapper)
    for relationship, _ in declared:
        if relationship.declaration.secondary is None:
            _check_no_secondary(relationship)
            if not resolve_join(relationship):
                resolve_direction(relationship)
        else:
            _resolve_secondary(relationship, registry)
        relationship.order_by = resolve_order(relationship)
    for relationship, _ in declared:
        _check_loaded(relationship)
        _link_back(relationship)
        _check_passive(relationship)
        _keep(relationship)
        _post_update(relationship)
        relationship.overlaps = _overlaps(relationship)
        if relationship.direction is not Direction.MANY_TO_ONE:
            for target in relationship.target.subtypes:
                target.held_by.append(relationship)
    for relationship, _ in declared:
        for seen in relationship.seen:
            seen.follow_origin()
    del registry.pending[: len(pending)]


def resolve_foreign_keys(table: Table, registry: Registry) -> None:
    """Turn the declared foreign keys of a table into resolved ones."""
    # a subclass may add some to those that are resolved
    for constraint in table.declared_foreign_keys[len(table.foreign_keys) :]:
        table.foreign_keys.append(_foreign_key(table, constraint, registry))


def _foreign_key(table: Table, declared: ForeignKeyConstraint, registry: Registry) -> ForeignKey:
    columns = tuple(_own_column(table, name) for name in declared.columns)
    targets = tuple(_target_column(table, target, registry) for target in declared.targets)
    if len(columns) != len(targets) or len({id(target.table) for target in targets}) != 1:
        raise ConfigurationError(
            f"the foreign key of {table.full_name!r} over ({', '.join(declared.columns)}) does not "
            "match its targets one to one",
            hint="give as many target columns as columns, all of one table",
        )
    deferred = next((column for column in (*columns, *targets) if column.deferred), None)
    if deferred is not None:
        raise ConfigurationError(
            f"the foreign key of {table.full_name!r} over ({', '.join(declared.columns)}) needs "
            f"{deferred}, which is deferred",
            hint="leave deferred=True out: what links objects must always be loaded",
        )
    return ForeignKey(
        table=table,
        columns=columns,
        target=targets[0].table,
        targets=targets,
        name=declared.name,
        ondelete=declared.ondelete,
        onupdate=declared.onupdate,
        deferrable=declared.deferrable or declared.initially == "DEFERRED",
        initially_deferred=declared.initially == "DEFERRED",
    )


def _own_column(table: Table, name: str) -> BaseColumn[Any, Any]:
    column = table.by_attribute.get(name)
    if column is None:
        column = table.columns.get(name)
    if column is None:
        raise ConfigurationError(
            f"the foreign key of table {table.full_name!r} names an unknown column {name!r}",
            hint=suggest(name, table.by_attribute, "use an attribute name of the model"),
        )
    return column


def _target_column(table: Table, target: Any, registry: Registry) -> BaseColumn[Any, Any]:
    if isinstance(target, BaseColumn):
        source = target.table
        return source.referred(target.attribute) if isinstance(source, Subtype) else target
    table_name, _, column_name = str(target).rpartition(".")
    tables = registry.metadata.tables
    found = tables.get(table_name)
    if found is None and table.schema and "." not in table_name:
        found = tables.get(f"{table.schema}.{table_name}")
    if found is None:
        raise ConfigurationError(
            f"the foreign key {target!r} of table {table.full_name!r} names an unknown table",
            hint=suggest(table_name, tables, 'write "table.column" of a mapped table'),
        )
    column = found.columns.get(column_name)
    if column is None:
        column = found.by_attribute.get(column_name)
    if column is None:
        raise ConfigurationError(
            f"the foreign key {target!r} of table {table.full_name!r} names an unknown column",
            hint=suggest(column_name, found.columns, "write the name of a column"),
        )
    return column


def _resolve_target(relationship: Relationship[Any, Any], mapper: Mapper) -> None:
    target = relationship.resolve()
    target_mapper = getattr(target.entity, "__mapper__", None)
    if not isinstance(target_mapper, Mapper):
        raise ConfigurationError(
            f"{relationship} points at {target.entity.__name__}, which has no table",
            hint="annotate it with a mapped class: Related[list[Book]]",
        )
    relationship.mapper = mapper
    relationship.target = target_mapper
    relationship.collection = target.collection
    _resolve_collection(relationship)


def _resolve_collection(relationship: Relationship[Any, Any]) -> None:
    """Check the collection class against the annotation, and find what keys a dict."""
    given, annotated = relationship.declaration.collection_class, relationship.collection
    if isinstance(given, KeyedDict):
        entity = relationship.target.entity
        known = [name for kind in entity.__mro__ for name in vars(kind) if name[:1] != "_"]
        if given.attribute not in known:
            raise ConfigurationError(
                f"{relationship} is keyed by {entity.__name__}.{given.attribute}, which does not "
                "exist",
                hint=suggest(given.attribute, known, "name an attribute of the members"),
            )
        relationship.keyed_by = given.attribute
        given = dict
    elif annotated is dict:
        raise ConfigurationError(
            f"{relationship} is a dict, but nothing says which attribute is the key",
            hint='add collection_class=attribute_keyed_dict("name")',
        )
    if given is not None and given is not annotated:
        wanted = getattr(given, "__name__", repr(given))
        raise ConfigurationError(
            f"{relationship}: the collection class {wanted} does not fit the annotation",
            hint="annotate Related[list[...]], Related[set[...]] or, for attribute_keyed_dict(), "
            "Related[dict[...]]",
        )


def _check_no_secondary(relationship: Relationship[Any, Any]) -> None:
    if relationship.declaration.secondaryjoin is not None:
        raise ConfigurationError(
            f"{relationship} has a secondaryjoin, but no secondary table",
            hint="name the link table, secondary=..., or write all of it in primaryjoin",
        )


def _resolve_secondary(relationship: Relationship[Any, Any], registry: Registry) -> None:
    if not relationship.to_many:
        raise ConfigurationError(
            f"{relationship} has a secondary table, but leads to a single object",
            hint=f"annotate it as a collection: Related[list[{relationship.target.name}]]",
        )
    if relationship.target.relationships.get(relationship.declaration.back_populates or "") is (
        relationship
    ):
        raise ConfigurationError(
            f"{relationship}: back_populates names the relationship itself",
            hint="leave it out, and link both objects to each other by hand",
        )
    table = link_table(relationship, registry)
    if not table.foreign_keys:
        resolve_foreign_keys(table, registry)
    secondary = relationship.secondary = find_ends(relationship, table)
    relationship.direction = Direction.MANY_TO_MANY
    relationship.foreign_key = secondary.owner_key
    relationship.pairs = secondary.owner_key.pairs
    if relationship.viewonly:
        return
    mine, its = secondary.owner_key, secondary.target_key
    passive = relationship.declaration.passive_deletes
    for owner in relationship.mapper.subtypes:
        owner.link_keys[mine] = mine.ondelete != "CASCADE" if passive is None else not passive
    for target in relationship.target.subtypes:
        # the other side, if there is one, has the last word
        target.link_keys.setdefault(its, its.ondelete != "CASCADE")


def _overlaps(relationship: Relationship[Any, Any]) -> bool:
    """Whether another relationship of the owner writes the rows that this one shows."""
    return relationship.viewonly or any(
        other.foreign_key is relationship.foreign_key
        for other in relationship.mapper.relationships.values()
        if other is not relationship
        and not other.viewonly
        and other.direction is not Direction.MANY_TO_ONE
    )


def _check_loaded(relationship: Relationship[Any, Any]) -> None:
    """Nothing could be loaded along columns that are not loaded themselves."""
    owner, target = relationship.mapper, relationship.target
    joined = [(owner, name) for name in relationship.local_attributes]
    joined += [(target, name) for name in relationship.remote_attributes]
    for mapper, name in joined:
        if name in mapper.columns and mapper.columns[name].deferred:
            raise ConfigurationError(
                f"{relationship} needs {mapper.name}.{name}, which is deferred",
                hint="leave deferred=True out: what links objects must always be loaded",
            )


def _check_passive(relationship: Relationship[Any, Any]) -> None:
    if relationship.declaration.passive_deletes == "all" and "delete" in relationship.cascade:
        raise ConfigurationError(
            f'{relationship}: passive_deletes="all" leaves all children to the server, but the '
            "cascade delete deletes them here",
            hint="use passive_deletes=True, or leave delete out of the cascade",
        )


def _keep(relationship: Relationship[Any, Any]) -> None:
    if "delete-orphan" not in relationship.cascade or relationship.viewonly:
        return
    if relationship.secondary is not None and not relationship.declaration.single_parent:
        raise ConfigurationError(
            f"{relationship}: the cascade delete-orphan where an object may have several parents",
            hint="say that it has one: relationship(single_parent=True, ...)",
        )
    if relationship.direction is Direction.MANY_TO_ONE:
        if not relationship.declaration.single_parent:
            raise ConfigurationError(
                f"{relationship}: the cascade delete-orphan on the side that has the foreign key",
                hint=f"declare it on {relationship.target.name}, whose objects own the others; or "
                f"add single_parent=True if each {relationship.target.name} has one owner only",
            )
        for owner in relationship.mapper.subtypes:
            owner.owning.append(relationship)
    for target in relationship.target.subtypes:
        target.keepers.append(relationship)


def _post_update(relationship: Relationship[Any, Any]) -> None:
    """Note at the table that has the key that it is written later, whichever side said so."""
    if not relationship.declaration.post_update or relationship.viewonly:
        return
    if relationship.direction is Direction.MANY_TO_MANY:
        raise ConfigurationError(
            f"{relationship}: post_update on a relationship with a secondary table",
            hint="leave it out: links are written after both ends anyway",
        )
    to_one = relationship.direction is Direction.MANY_TO_ONE
    child = relationship.mapper if to_one else relationship.target
    key = relationship.foreign_key
    if not key.nullable:
        names = ", ".join(f"{child.name}.{column.attribute}" for column in key.columns)
        raise ConfigurationError(
            f"{relationship}: post_update leaves {names} NULL at first, which it can't be",
            hint=f"annotate it as nullable: Mapped[{key.columns[0]._type.python_type.__name__}"
            " | None]",
        )
    if key not in key.table.post_updated:
        key.table.post_updated.append(key)


def _link_back(relationship: Relationship[Any, Any]) -> None:
    name = relationship.declaration.back_populates
    if name is None:
        return
    back = relationship.target.relationships.get(name)
    if back is None:
        raise ConfigurationError(
            f"{relationship}: back_populates={name!r}, but {relationship.target.name} has no such "
            "relationship",
            hint=suggest(name, relationship.target.relationships, "declare the other side"),
        )
    if back.target is not relationship.mapper or not _same_link(relationship, back):
        raise ConfigurationError(
            f"{relationship} and {back} do not describe the same link",
            hint="both sides must use one foreign key (or one secondary) and name each other in "
            "back_populates",
        )
    if back.direction is relationship.direction and relationship.secondary is None:
        raise ConfigurationError(
            f"{relationship} and {back} both look in the same direction",
            hint="in a self-reference give the to-one side remote_side=[...] of the key column",
        )
    if relationship.viewonly or back.viewonly:
        return
    if back.declaration.back_populates != relationship.name:
        raise ConfigurationError(
            f"{relationship}: back_populates={name!r}, but {back} does not name it in turn",
            hint=f"declare {back} with back_populates={relationship.name!r}",
        )
    relationship.back = back


def _same_link(one: Relationship[Any, Any], other: Relationship[Any, Any]) -> bool:
    if one.secondary is None or other.secondary is None:
        return one.foreign_key is other.foreign_key
    return one.secondary.mirrors(other.secondary)
