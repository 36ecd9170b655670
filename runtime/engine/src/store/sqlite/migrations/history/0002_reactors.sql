-- How far a reactor is with the events of a partition: all up to here have been reacted to, or are parked.
CREATE TABLE reactor_positions (
    reactor TEXT NOT NULL,
    context TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (reactor, context, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE reactor_parked (
    reactor TEXT NOT NULL,
    context TEXT NOT NULL,
    tenant TEXT NOT NULL,
    aggregate_key TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (reactor, context, tenant, aggregate_key)
) STRICT, WITHOUT ROWID;

-- The events that commands were sent for, of those that reactors sent: their outcomes are not forgotten while
-- they may be sent again.
CREATE TABLE reactions (
    command_id BLOB NOT NULL,
    tenant TEXT NOT NULL,
    reactor TEXT NOT NULL,
    context TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (command_id, tenant)
) STRICT, WITHOUT ROWID;
