-- Times are microseconds since 1970, UTC. UUIDs are their 16 bytes.

CREATE TABLE meta (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    pairing_id BLOB,
    partitions INTEGER
) STRICT;
INSERT INTO meta (only) VALUES (1);

CREATE TABLE schemas (
    hash BLOB NOT NULL PRIMARY KEY,
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    context TEXT NOT NULL,
    partition INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    -- The epoch of the last owner that ended in good order.
    clean_epoch INTEGER NOT NULL,
    contract_version INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    decision_time INTEGER NOT NULL,
    next_position INTEGER NOT NULL,
    published INTEGER NOT NULL,
    -- The command that is being decided alone, and how often it was tried.
    attempt_command BLOB,
    attempt_count INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (context, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE outcomes (
    tenant TEXT NOT NULL,
    command_id BLOB NOT NULL,
    context TEXT NOT NULL,
    partition INTEGER NOT NULL,
    command_offset INTEGER,
    wire_type TEXT NOT NULL,
    aggregate_key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('APPLIED', 'REJECTED', 'FAILED')),
    code TEXT,
    detail TEXT,
    details TEXT,
    events TEXT NOT NULL,
    position INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    request_hash BLOB,
    -- The id leads: it is looked up without the tenant too, and new ones come at the end.
    PRIMARY KEY (command_id, tenant)
) STRICT, WITHOUT ROWID;
CREATE INDEX outcomes_by_age ON outcomes (context, partition, decided_at);

CREATE TABLE events (
    context TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    aggregate_key TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    id BLOB NOT NULL,
    wire_type TEXT NOT NULL,
    time INTEGER NOT NULL,
    schema_hash BLOB NOT NULL,
    envelope BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_sequence ON events (tenant, context, aggregate_key, sequence);
CREATE UNIQUE INDEX events_by_position ON events (context, partition, position);

CREATE TABLE deadlines (
    context TEXT NOT NULL,
    partition INTEGER NOT NULL,
    due INTEGER NOT NULL,
    position INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    event_index INTEGER NOT NULL,
    wire_type TEXT NOT NULL,
    schema_hash BLOB NOT NULL,
    envelope BLOB NOT NULL,
    PRIMARY KEY (context, partition, due, position, event_index)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX deadlines_by_event ON deadlines (event_id, event_index);
