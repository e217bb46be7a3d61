"""DDL statements; ``str()`` of one is its SQL text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from asyncorm.compiler.quoting import quote_name
from asyncorm.errors import ConfigurationError
from asyncorm.schema.elements import NamedConstraints, column_sql, qualified
from asyncorm.schema.exclusions import exclusions
from asyncorm.schema.expressions import default_sql
from asyncorm.schema.indexes import index_names, index_sql
from asyncorm.schema.literals import string_literal
from asyncorm.sql.constraints import Index
from asyncorm.sql.table import ForeignKey, Table
from asyncorm.types.composites import Composite
from asyncorm.types.domains import Domain
from asyncorm.types.enums import EnumType


class DDL:
    """A statement that defines or removes something in the database."""

    #: what to do if the server refuses it
    hint: str | None = None

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._text.partition(chr(10))[0]}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DDL) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class CreateSchema(DDL):
    """CREATE SCHEMA IF NOT EXISTS."""

    def __init__(self, name: str) -> None:
        super().__init__(f"CREATE SCHEMA IF NOT EXISTS {quote_name(name)}")


class CreateEnum(DDL):
    """CREATE TYPE of a Python enum; does nothing where the type exists."""

    def __init__(self, type_: EnumType) -> None:
        labels = ", ".join(string_literal(label) for label in type_.labels)
        super().__init__(_unless(f"CREATE TYPE {type_.ddl} AS ENUM ({labels})", "duplicate_object"))


class DropEnum(DDL):
    """DROP TYPE of an enum; does nothing where it is missing or other tables use it."""

    def __init__(self, type_: EnumType) -> None:
        super().__init__(
            _unless(f"DROP TYPE IF EXISTS {type_.ddl}", "dependent_objects_still_exist")
        )


class CreateExtension(DDL):
    """CREATE EXTENSION IF NOT EXISTS."""

    def __init__(self, name: str) -> None:
        super().__init__(f"CREATE EXTENSION IF NOT EXISTS {quote_name(name)}")
        self.hint = (
            f"install the files of the extension {name} on the server, and let a role with the "
            f'right to do so run CREATE EXTENSION "{name}" once'
        )


class CreateDomain(DDL):
    """CREATE DOMAIN; does nothing where a type of the name exists."""

    def __init__(self, type_: Domain) -> None:
        text = f"CREATE DOMAIN {type_.ddl} AS {type_.base.ddl}"
        if type_.default is not None:
            text += f" DEFAULT {default_sql(type_.default, type_.base)}"
        text += " NOT NULL" if type_.not_null else ""
        text += f" CHECK ({type_.condition})" if type_.condition else ""
        super().__init__(_unless(text, "duplicate_object"))


class DropDomain(DDL):
    """DROP DOMAIN; does nothing where it is missing or other tables use it."""

    def __init__(self, type_: Domain) -> None:
        super().__init__(
            _unless(f"DROP DOMAIN IF EXISTS {type_.ddl}", "dependent_objects_still_exist")
        )


class CreateComposite(DDL):
    """CREATE TYPE of a class with fields; does nothing where a type of the name exists."""

    def __init__(self, type_: Composite) -> None:
        fields = ", ".join(f"{quote_name(name)} {t.ddl}" for name, t in type_.fields.items())
        super().__init__(_unless(f"CREATE TYPE {type_.ddl} AS ({fields})", "duplicate_object"))


class DropComposite(DDL):
    """DROP TYPE of a composite; does nothing where it is missing or other tables use it."""

    def __init__(self, type_: Composite) -> None:
        super().__init__(
            _unless(f"DROP TYPE IF EXISTS {type_.ddl}", "dependent_objects_still_exist")
        )


class CreateTable(DDL):
    """CREATE TABLE of a model or table, with its constraints.

    ``later`` are foreign keys that are left out, to be added when their targets exist.
    """

    def __init__(
        self, target: Any, *, if_not_exists: bool = False, later: Collection[ForeignKey] = ()
    ) -> None:
        table = as_table(target)
        constraints = NamedConstraints(table)
        named = [
            *([constraints.primary_key] if constraints.primary_key else []),
            *constraints.unique,
            *constraints.checks,
            *constraints.labels,
            *exclusions(table),
            *[text for key, text in constraints.foreign_keys.items() if key not in later],
        ]
        lines = [column_sql(column) for column in table.columns.values() if not column.system]
        lines += [f"CONSTRAINT {quote_name(name)} {text}" for name, text in named]
        head = "CREATE TABLE IF NOT EXISTS" if if_not_exists else "CREATE TABLE"
        body = ",\n    ".join(lines)
        super().__init__(f"{head} {qualified(table)} (\n    {body}\n)")


class DropTable(DDL):
    """DROP TABLE of a model or table."""

    def __init__(self, target: Any, *, if_exists: bool = False) -> None:
        table = as_table(target)
        super().__init__(f"DROP TABLE {'IF EXISTS ' if if_exists else ''}{qualified(table)}")


class CreateIndex(DDL):
    """CREATE INDEX for an index of a model or table."""

    def __init__(self, target: Any, index: Index, *, if_not_exists: bool = False) -> None:
        table = as_table(target)
        names = [
            name
            for name, other in zip(index_names(table), table.indexes, strict=True)
            if other is index
        ]
        if not names:
            raise ConfigurationError(
                f"index {index.name!r} is none of table {table.full_name!r}",
                hint="list it in __table_args__ of the model",
            )
        super().__init__(index_sql(table, index, names[0], if_not_exists=if_not_exists))


class AddForeignKey(DDL):
    """ALTER TABLE ADD CONSTRAINT of a foreign key; does nothing where it exists."""

    def __init__(self, key: ForeignKey) -> None:
        name, text = NamedConstraints(key.table).foreign_keys[key]
        super().__init__(
            _unless(
                f"ALTER TABLE {qualified(key.table)} ADD CONSTRAINT {quote_name(name)} {text}",
                "duplicate_object",
            )
        )


class DropForeignKey(DDL):
    """ALTER TABLE DROP CONSTRAINT of a foreign key; does nothing where it is missing."""

    def __init__(self, key: ForeignKey) -> None:
        name, _ = NamedConstraints(key.table).foreign_keys[key]
        super().__init__(
            f"ALTER TABLE IF EXISTS {qualified(key.table)} "
            f"DROP CONSTRAINT IF EXISTS {quote_name(name)}"
        )


class CommentOnTable(DDL):
    """COMMENT ON TABLE."""

    def __init__(self, table: Table) -> None:
        comment = string_literal(table.comment) if table.comment else "NULL"
        super().__init__(f"COMMENT ON TABLE {qualified(table)} IS {comment}")


def as_table(target: Any) -> Table:
    """The table of a model with its foreign keys resolved, or the table itself."""
    table = getattr(target, "__table__", target)
    if not isinstance(table, Table):
        raise ConfigurationError(
            f"{target!r} has no table", hint="give a mapped class (with table=) or a Table"
        )
    if not isinstance(target, Table):
        target.metadata.configure()
    return table.physical[-1]


def _unless(command: str, condition: str) -> str:
    """The command as a block that takes an error for "nothing to do"."""
    body = f"BEGIN {command}; EXCEPTION WHEN {condition} THEN NULL; END"
    tag = "do"
    while f"${tag}" in body:  # a name or label must not end the block
        tag += "o"
    return f"DO ${tag}$ {body} ${tag}$"
