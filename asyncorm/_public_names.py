"""Which module each public name is imported from, when it is first used."""

from __future__ import annotations

_NAMES = {
    "asyncorm.compiler.compiled": "CompiledStatement",
    "asyncorm.engine.advisory_lock": "AdvisoryLock",
    "asyncorm.engine.connection": "Connection",
    "asyncorm.engine.copy.into": "CopyResult",
    "asyncorm.engine.copy.out": "CopyOut",
    "asyncorm.engine.engine": "Engine create_engine",
    "asyncorm.engine.result": "Result",
    "asyncorm.engine.signals.channel": "Channel Gap Notification",
    "asyncorm.engine.signals.listener": "Listener",
    "asyncorm.errors": """
        ArgumentError AsyncORMError CheckViolation CircularDependencyError CommitUnknown
        ConcurrentSessionUseError ConfigurationError Conflict ConnectionLost DatabaseError
        DataError DeadlockDetected DetachedInstanceError ExclusionViolation FlushError
        ForeignKeyViolation IdentityConflictError IntegrityError InvalidRequestError
        LockLost LockTimeout MissedNotifications MultipleResultsFound NoResultFound
        NotNullViolation NPlusOneError NPlusOneWarning ObjectDeletedError OperationalError
        OrphanedReferenceError PayloadError PendingRollbackError PoolTimeout
        ProgrammingError ReadOnlyTransaction SerializationFailure StaleDataError
        StatementTimeout TransactionRolledBack UnflushedChangesError
        UnflushedChangesWarning UniqueViolation UnknownAttributeError
        UnloadedAttributeError
    """,
    "asyncorm.flush.plan": "FlushPlan",
    "asyncorm.loading.criteria": "with_loader_criteria",
    "asyncorm.loading.execution": "Execution",
    "asyncorm.loading.options": """
        LoaderOption contains_eager defaultload defer joinedload lazyload load_only
        nestedload noload raiseload selectinload undefer undefer_group
    """,
    "asyncorm.mapping.keyed_dict": "attribute_keyed_dict",
    "asyncorm.mapping.related": "ToMany ToOne",
    "asyncorm.mapping.relationships": "Relationship",
    "asyncorm.mapping.selection": "Selection",
    "asyncorm.models.attributes": "Mapped Related",
    "asyncorm.models.fields": "column foreign_key generated relationship",
    "asyncorm.models.model": "Model",
    "asyncorm.schema.ddl": "DDL CreateIndex CreateTable DropTable",
    "asyncorm.session.event": "event",
    "asyncorm.session.blocks": "Savepoint SessionTransaction",
    "asyncorm.session.factory": "SessionFactory sessionmaker",
    "asyncorm.session.inspection": "History InstanceInspection inspect",
    "asyncorm.session.scoped": "scoped_session",
    "asyncorm.session.session": "Session",
    "asyncorm.session.states": "make_transient make_transient_to_detached object_session",
    "asyncorm.session.streaming": "ResultStream",
    "asyncorm.sql.conditions": "and_ not_ or_",
    "asyncorm.sql.constraints": """
        CheckConstraint ExcludeConstraint ForeignKeyConstraint Identity Index
        UniqueConstraint
    """,
    "asyncorm.sql.constructs": "all_ any_ case cast extract false literal null true type_coerce",
    "asyncorm.sql.document_columns": "DocumentColumn",
    "asyncorm.sql.document_paths": "DocumentPath",
    "asyncorm.sql.expressions": "Condition Expression NullExpression",
    "asyncorm.sql.functions.frames": "Window window",
    "asyncorm.sql.functions.func": "func",
    "asyncorm.sql.nodes": "Statement",
    "asyncorm.sql.samples": "tablesample",
    "asyncorm.sql.sources": "aliased",
    "asyncorm.sql.statements.assignments": "default",
    "asyncorm.sql.statements.delete": "Delete delete",
    "asyncorm.sql.statements.insert": "Insert insert",
    "asyncorm.sql.statements.merge": "Merge merge merge_action",
    "asyncorm.sql.statements.query": "except_ except_all intersect intersect_all union union_all",
    "asyncorm.sql.statements.raw": "ident",
    "asyncorm.sql.statements.row_versions": "new old",
    "asyncorm.sql.statements.select": "Select exists select",
    "asyncorm.sql.statements.update": "Update update",
    "asyncorm.sql.table": "Column MetaData NullColumn Table",
    "asyncorm.sql.tuples": "tuple_",
    "asyncorm.sql.value_tables": "values",
    "asyncorm.tracking.unit_of_work": "Expunged",
    "asyncorm.tracking.write_only": "WriteOnlyCollection",
    "asyncorm.types.arrays": "Array",
    "asyncorm.types.base": "SQLType",
    "asyncorm.types.beyond": "CalendarInterval EndOfDay OutOfRangeDate OutOfRangeDateTime",
    "asyncorm.types.bits": "Bit BitString VarBit",
    "asyncorm.types.composites": "Composite",
    "asyncorm.types.custom": "CustomType",
    "asyncorm.types.domains": "Domain",
    "asyncorm.types.enums": "EnumType",
    "asyncorm.types.extensions": "CIText HStore LTree",
    "asyncorm.types.json": "JSON JSONB",
    "asyncorm.types.json_path": "JSONPath",
    "asyncorm.types.named": "Money NamedType",
    "asyncorm.types.network": "Cidr Inet MacAddr MacAddr8 MacAddress",
    "asyncorm.types.range_types": """
        DateMultirange DateRange Int4Multirange Int4Range Int8Multirange Int8Range
        NumMultirange NumRange TsMultirange TsRange TstzMultirange TstzRange
    """,
    "asyncorm.types.ranges": "Multirange Range",
    "asyncorm.types.scalars": """
        BigInteger Boolean Date DateTime Float Integer Interval LargeBinary Numeric Real
        SmallInteger String Text Time Uuid
    """,
    "asyncorm.types.text_search": "TSQuery TSVector",
    "asyncorm.types.vectors": "HalfVector SparseVector Vector",
}

MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}
