-- The read model. The tables of the views themselves follow the contracts and are made at start.

CREATE TABLE view_sets (
    context TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE view_tables (
    name TEXT NOT NULL PRIMARY KEY,
    context TEXT NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE view_progress (
    context TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    staged INTEGER NOT NULL,
    PRIMARY KEY (context, fingerprint, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
    context TEXT NOT NULL,
    tenant TEXT NOT NULL,
    aggregate_key TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (context, tenant, aggregate_key)
) STRICT, WITHOUT ROWID;
