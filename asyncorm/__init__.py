"""asyncorm: SQLAlchemy's unit of work and pydantic's models on asyncpg, without greenlets."""

from typing import TYPE_CHECKING

# two imports at once: str() of a statement is its SQL when the compiler is there, and importing
# the package `asyncorm.sql` makes it an attribute of this module, which has to be the function
import asyncorm.compiler.compiler  # noqa: F401  # pyright: ignore[reportUnusedImport]
from asyncorm.sql.statements.raw import sql

if TYPE_CHECKING:
    from asyncorm.compiler.compiled import CompiledStatement
    from asyncorm.engine.advisory_lock import AdvisoryLock
    from asyncorm.engine.connection import Connection
    from asyncorm.engine.copy.into import CopyResult
    from asyncorm.engine.copy.out import CopyOut
    from asyncorm.engine.engine import Engine, create_engine
    from asyncorm.engine.result import Result
    from asyncorm.engine.signals.channel import Channel, Gap, Notification
    from asyncorm.engine.signals.listener import Listener
    from asyncorm.errors import (
        ArgumentError,
        AsyncORMError,
        CheckViolation,
        CircularDependencyError,
        CommitUnknown,
        ConcurrentSessionUseError,
        ConfigurationError,
        Conflict,
        ConnectionLost,
        DatabaseError,
        DataError,
        DeadlockDetected,
        DetachedInstanceError,
        ExclusionViolation,
        FlushError,
        ForeignKeyViolation,
        IdentityConflictError,
        IntegrityError,
        InvalidRequestError,
        LockLost,
        LockTimeout,
        MissedNotifications,
        MultipleResultsFound,
        NoResultFound,
        NotNullViolation,
        NPlusOneError,
        NPlusOneWarning,
        ObjectDeletedError,
        OperationalError,
        OrphanedReferenceError,
        PayloadError,
        PendingRollbackError,
        PoolTimeout,
        ProgrammingError,
        ReadOnlyTransaction,
        SerializationFailure,
        StaleDataError,
        StatementTimeout,
        TransactionRolledBack,
        UnflushedChangesError,
        UnflushedChangesWarning,
        UniqueViolation,
        UnknownAttributeError,
        UnloadedAttributeError,
    )
    from asyncorm.flush.plan import FlushPlan
    from asyncorm.loading.criteria import with_loader_criteria
    from asyncorm.loading.execution import Execution
    from asyncorm.loading.options import (
        LoaderOption,
        contains_eager,
        defaultload,
        defer,
        joinedload,
        lazyload,
        load_only,
        nestedload,
        noload,
        raiseload,
        selectinload,
        undefer,
        undefer_group,
    )
    from asyncorm.mapping.keyed_dict import attribute_keyed_dict
    from asyncorm.mapping.related import ToMany, ToOne
    from asyncorm.mapping.relationships import Relationship
    from asyncorm.mapping.selection import Selection
    from asyncorm.models.attributes import Mapped, Related
    from asyncorm.models.fields import column, foreign_key, generated, relationship
    from asyncorm.models.model import Model
    from asyncorm.schema.ddl import DDL, CreateIndex, CreateTable, DropTable
    from asyncorm.session import event
    from asyncorm.session.blocks import Savepoint, SessionTransaction
    from asyncorm.session.factory import SessionFactory, sessionmaker
    from asyncorm.session.inspection import History, InstanceInspection, inspect
    from asyncorm.session.scoped import scoped_session
    from asyncorm.session.session import Session
    from asyncorm.session.states import make_transient, make_transient_to_detached, object_session
    from asyncorm.session.streaming import ResultStream
    from asyncorm.sql.conditions import and_, not_, or_
    from asyncorm.sql.constraints import (
        CheckConstraint,
        ExcludeConstraint,
        ForeignKeyConstraint,
        Identity,
        Index,
        UniqueConstraint,
    )
    from asyncorm.sql.constructs import (
        all_,
        any_,
        case,
        cast,
        extract,
        false,
        literal,
        null,
        true,
        type_coerce,
    )
    from asyncorm.sql.document_columns import DocumentColumn
    from asyncorm.sql.document_paths import DocumentPath
    from asyncorm.sql.expressions import Condition, Expression, NullExpression
    from asyncorm.sql.functions.frames import Window, window
    from asyncorm.sql.functions.func import func
    from asyncorm.sql.nodes import Statement
    from asyncorm.sql.samples import tablesample
    from asyncorm.sql.sources import aliased
    from asyncorm.sql.statements.assignments import default
    from asyncorm.sql.statements.delete import Delete, delete
    from asyncorm.sql.statements.insert import Insert, insert
    from asyncorm.sql.statements.merge import Merge, merge, merge_action
    from asyncorm.sql.statements.query import (
        except_,
        except_all,
        intersect,
        intersect_all,
        union,
        union_all,
    )
    from asyncorm.sql.statements.raw import ident
    from asyncorm.sql.statements.row_versions import new, old
    from asyncorm.sql.statements.select import Select, exists, select
    from asyncorm.sql.statements.update import Update, update
    from asyncorm.sql.table import Column, MetaData, NullColumn, Table
    from asyncorm.sql.tuples import tuple_
    from asyncorm.sql.value_tables import values
    from asyncorm.tracking.unit_of_work import Expunged
    from asyncorm.tracking.write_only import WriteOnlyCollection
    from asyncorm.types.arrays import Array
    from asyncorm.types.base import SQLType
    from asyncorm.types.beyond import CalendarInterval, EndOfDay, OutOfRangeDate, OutOfRangeDateTime
    from asyncorm.types.bits import Bit, BitString, VarBit
    from asyncorm.types.composites import Composite
    from asyncorm.types.custom import CustomType
    from asyncorm.types.domains import Domain
    from asyncorm.types.enums import EnumType
    from asyncorm.types.extensions import CIText, HStore, LTree
    from asyncorm.types.json import JSON, JSONB
    from asyncorm.types.json_path import JSONPath
    from asyncorm.types.named import Money, NamedType
    from asyncorm.types.network import Cidr, Inet, MacAddr, MacAddr8, MacAddress
    from asyncorm.types.range_types import (
        DateMultirange,
        DateRange,
        Int4Multirange,
        Int4Range,
        Int8Multirange,
        Int8Range,
        NumMultirange,
        NumRange,
        TsMultirange,
        TsRange,
        TstzMultirange,
        TstzRange,
    )
    from asyncorm.types.ranges import Multirange, Range
    from asyncorm.types.scalars import (
        BigInteger,
        Boolean,
        Date,
        DateTime,
        Float,
        Integer,
        Interval,
        LargeBinary,
        Numeric,
        Real,
        SmallInteger,
        String,
        Text,
        Time,
        Uuid,
    )
    from asyncorm.types.text_search import TSQuery, TSVector
    from asyncorm.types.vectors import HalfVector, SparseVector, Vector
else:
    from importlib import import_module

    from asyncorm._public_names import MODULES

    def __getattr__(name):
        """Import a public name at its first use, so that a program loads only what it uses."""
        if name not in MODULES:
            raise AttributeError(f"module 'asyncorm' has no attribute {name!r}")
        module = import_module(MODULES[name])
        # `event` is a module itself
        value = globals()[name] = getattr(module, name, module)
        return value

    def __dir__():
        return __all__


__all__ = [
    "DDL",
    "JSON",
    "JSONB",
    "AdvisoryLock",
    "ArgumentError",
    "Array",
    "AsyncORMError",
    "BigInteger",
    "Bit",
    "BitString",
    "Boolean",
    "CIText",
    "CalendarInterval",
    "Channel",
    "CheckConstraint",
    "CheckViolation",
    "Cidr",
    "CircularDependencyError",
    "Column",
    "CommitUnknown",
    "CompiledStatement",
    "Composite",
    "ConcurrentSessionUseError",
    "Condition",
    "ConfigurationError",
    "Conflict",
    "Connection",
    "ConnectionLost",
    "CopyOut",
    "CopyResult",
    "CreateIndex",
    "CreateTable",
    "CustomType",
    "DataError",
    "DatabaseError",
    "Date",
    "DateMultirange",
    "DateRange",
    "DateTime",
    "DeadlockDetected",
    "Delete",
    "DetachedInstanceError",
    "DocumentColumn",
    "DocumentPath",
    "Domain",
    "DropTable",
    "EndOfDay",
    "Engine",
    "EnumType",
    "ExcludeConstraint",
    "ExclusionViolation",
    "Execution",
    "Expression",
    "Expunged",
    "Float",
    "FlushError",
    "FlushPlan",
    "ForeignKeyConstraint",
    "ForeignKeyViolation",
    "Gap",
    "HStore",
    "HalfVector",
    "History",
    "Identity",
    "IdentityConflictError",
    "Index",
    "Inet",
    "Insert",
    "InstanceInspection",
    "Int4Multirange",
    "Int4Range",
    "Int8Multirange",
    "Int8Range",
    "Integer",
    "IntegrityError",
    "Interval",
    "InvalidRequestError",
    "JSONPath",
    "LTree",
    "LargeBinary",
    "Listener",
    "LoaderOption",
    "LockLost",
    "LockTimeout",
    "MacAddr",
    "MacAddr8",
    "MacAddress",
    "Mapped",
    "Merge",
    "MetaData",
    "MissedNotifications",
    "Model",
    "Money",
    "MultipleResultsFound",
    "Multirange",
    "NPlusOneError",
    "NPlusOneWarning",
    "NamedType",
    "NoResultFound",
    "NotNullViolation",
    "Notification",
    "NullColumn",
    "NullExpression",
    "NumMultirange",
    "NumRange",
    "Numeric",
    "ObjectDeletedError",
    "OperationalError",
    "OrphanedReferenceError",
    "OutOfRangeDate",
    "OutOfRangeDateTime",
    "PayloadError",
    "PendingRollbackError",
    "PoolTimeout",
    "ProgrammingError",
    "Range",
    "ReadOnlyTransaction",
    "Real",
    "Related",
    "Relationship",
    "Result",
    "ResultStream",
    "SQLType",
    "Savepoint",
    "Select",
    "Selection",
    "SerializationFailure",
    "Session",
    "SessionFactory",
    "SessionTransaction",
    "SmallInteger",
    "SparseVector",
    "StaleDataError",
    "Statement",
    "StatementTimeout",
    "String",
    "TSQuery",
    "TSVector",
    "Table",
    "Text",
    "Time",
    "ToMany",
    "ToOne",
    "TransactionRolledBack",
    "TsMultirange",
    "TsRange",
    "TstzMultirange",
    "TstzRange",
    "UnflushedChangesError",
    "UnflushedChangesWarning",
    "UniqueConstraint",
    "UniqueViolation",
    "UnknownAttributeError",
    "UnloadedAttributeError",
    "Update",
    "Uuid",
    "VarBit",
    "Vector",
    "Window",
    "WriteOnlyCollection",
    "aliased",
    "all_",
    "and_",
    "any_",
    "attribute_keyed_dict",
    "case",
    "cast",
    "column",
    "contains_eager",
    "create_engine",
    "default",
    "defaultload",
    "defer",
    "delete",
    "event",
    "except_",
    "except_all",
    "exists",
    "extract",
    "false",
    "foreign_key",
    "func",
    "generated",
    "ident",
    "insert",
    "inspect",
    "intersect",
    "intersect_all",
    "joinedload",
    "lazyload",
    "literal",
    "load_only",
    "make_transient",
    "make_transient_to_detached",
    "merge",
    "merge_action",
    "nestedload",
    "new",
    "noload",
    "not_",
    "null",
    "object_session",
    "old",
    "or_",
    "raiseload",
    "relationship",
    "scoped_session",
    "select",
    "selectinload",
    "sessionmaker",
    "sql",
    "tablesample",
    "true",
    "tuple_",
    "type_coerce",
    "undefer",
    "undefer_group",
    "union",
    "union_all",
    "update",
    "values",
    "window",
    "with_loader_criteria",
]
