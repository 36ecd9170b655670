-- How far a reactor is with the events of a partition: all up to here have been reacted to, or are parked.
CREATE TABLE reactor_positions (
    reactor TEXT COLLATE "C" NOT NULL,
    context TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (reactor, context, partition)
) WITH (fillfactor = 10);

CREATE TABLE reactor_parked (
    reactor TEXT COLLATE "C" NOT NULL,
    context TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    aggregate_key TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL,
    reason TEXT NOT NULL,
    time TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX reactor_parked_by_aggregate
    ON reactor_parked (reactor, context, charter_name(tenant), charter_name(aggregate_key));

-- The events that commands were sent for, of those that reactors sent: their outcomes are not forgotten while
-- they may be sent again.
CREATE TABLE reactions (
    command_id UUID NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    reactor TEXT COLLATE "C" NOT NULL,
    context TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL
);
-- The ids of reactors' commands follow from those of events, which no two tenants share.
CREATE INDEX reactions_by_command ON reactions (command_id);
