-- Keys sort by their bytes, as SQLite's do, whatever the database's own order is: COLLATE "C".

-- Ends a statement with the error `state` where it met another number of rows than it should. The statement
-- is a transaction of its own, so nothing of it is written then.
CREATE FUNCTION charter_expect(counted bigint, wanted bigint, state text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
BEGIN
    IF counted IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION 'expected % rows, found %', wanted, counted USING ERRCODE = state;
    END IF;
    RETURN true;
END
$$;

CREATE TABLE meta (
    only_one BOOLEAN NOT NULL DEFAULT true PRIMARY KEY CHECK (only_one),
    pairing_id UUID,
    partitions BIGINT
);
INSERT INTO meta DEFAULT VALUES;

CREATE TABLE schemas (
    hash BYTEA NOT NULL PRIMARY KEY,
    json TEXT NOT NULL
);

-- A few rows that are written by every batch: room for new versions of a row beside the old one, so that no
-- index has to be written.
CREATE TABLE checkpoints (
    context TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    -- The epoch of the last owner that ended in good order.
    clean_epoch BIGINT NOT NULL,
    contract_version BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    decision_time TIMESTAMPTZ NOT NULL,
    next_position BIGINT NOT NULL,
    published BIGINT NOT NULL,
    -- The command that is being decided alone, and how often it was tried.
    attempt_command UUID,
    attempt_count BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (context, partition)
) WITH (fillfactor = 10);

CREATE TABLE outcomes (
    tenant TEXT COLLATE "C" NOT NULL,
    command_id UUID NOT NULL,
    context TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    command_offset BIGINT,
    wire_type TEXT NOT NULL,
    aggregate_key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('APPLIED', 'REJECTED', 'FAILED')),
    code TEXT,
    detail TEXT,
    details TEXT,
    events TEXT NOT NULL,
    position BIGINT NOT NULL,
    accepted_at TIMESTAMPTZ NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    request_hash BYTEA,
    -- The id leads: it is looked up without the tenant too, and new ones come at the end.
    CONSTRAINT outcomes_by_command PRIMARY KEY (command_id, tenant)
);
CREATE INDEX outcomes_by_age ON outcomes (context, partition, decided_at);

CREATE TABLE events (
    context TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    aggregate_key TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    id UUID NOT NULL,
    wire_type TEXT NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    schema_hash BYTEA NOT NULL,
    envelope BYTEA NOT NULL,
    CONSTRAINT events_by_position PRIMARY KEY (context, partition, position),
    CONSTRAINT events_by_sequence UNIQUE (tenant, context, aggregate_key, sequence)
);

CREATE TABLE deadlines (
    context TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    due TIMESTAMPTZ NOT NULL,
    position BIGINT NOT NULL,
    event_id UUID NOT NULL,
    event_index BIGINT NOT NULL,
    wire_type TEXT NOT NULL,
    schema_hash BYTEA NOT NULL,
    envelope BYTEA NOT NULL,
    CONSTRAINT deadlines_by_event PRIMARY KEY (event_id, event_index)
);
CREATE INDEX deadlines_by_due ON deadlines (context, partition, due, position, event_index);

-- The read model. The tables of the views themselves follow the contracts and are made at start.

CREATE TABLE view_sets (
    context TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fingerprint TEXT COLLATE "C" NOT NULL
);

CREATE TABLE view_tables (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    context TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL
);

CREATE TABLE view_progress (
    context TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL,
    staged BIGINT NOT NULL,
    PRIMARY KEY (context, fingerprint, partition)
) WITH (fillfactor = 10);

-- How far views that are being built have to come before they are read: the store's end when they were begun.
CREATE TABLE view_targets (
    context TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (context, partition)
);

CREATE TABLE parked (
    context TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    aggregate_key TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL,
    reason TEXT NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (context, tenant, aggregate_key)
);
