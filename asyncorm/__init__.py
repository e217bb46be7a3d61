"""asyncorm: SQLAlchemy's unit of work and pydantic's models on asyncpg, without greenlets."""

from asyncorm.compiler.compiled import CompiledStatement
from asyncorm.engine.connection import Connection
from asyncorm.engine.engine import Engine, create_engine
from asyncorm.engine.result import Result
from asyncorm.errors import (
    ArgumentError,
    AsyncORMError,
    CheckViolation,
    CircularDependencyError,
    CommitUnknown,
    ConcurrentSessionUseError,
    ConfigurationError,
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
    LockTimeout,
    MultipleResultsFound,
    NoResultFound,
    NotNullViolation,
    ObjectDeletedError,
    OperationalError,
    OrphanedReferenceError,
    PendingRollbackError,
    PoolTimeout,
    ProgrammingError,
    ReadOnlyTransaction,
    SerializationFailure,
    StaleDataError,
    StatementTimeout,
    TransactionRolledBack,
    UnflushedChangesError,
    UniqueViolation,
    UnloadedAttributeError,
)
from asyncorm.flush.plan import FlushPlan
from asyncorm.loading.options import selectinload
from asyncorm.mapping.relationships import Relationship, ToMany, ToOne
from asyncorm.models.attributes import Mapped, Related
from asyncorm.models.fields import column, foreign_key, generated, relationship
from asyncorm.models.model import Model
from asyncorm.schema.ddl import DDL
from asyncorm.session.blocks import Savepoint
from asyncorm.session.factory import SessionFactory, sessionmaker
from asyncorm.session.inspection import inspect
from asyncorm.session.session import Session
from asyncorm.sql.constraints import (
    CheckConstraint,
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
)
from asyncorm.sql.dml import Delete, Insert, Update, delete, insert, update
from asyncorm.sql.expressions import Condition, Expression, and_, not_, or_
from asyncorm.sql.functions import func
from asyncorm.sql.query import except_, intersect, union, union_all
from asyncorm.sql.select import Select, exists, select
from asyncorm.sql.sources import aliased
from asyncorm.sql.table import Column, MetaData, NullColumn, Table
from asyncorm.sql.text import ident, sql
