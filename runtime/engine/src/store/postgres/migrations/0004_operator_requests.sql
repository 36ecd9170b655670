-- What operators asked for, and what came of it. Never deleted: who left an event out of the views, and why, stays.

CREATE TABLE operator_requests (
    id UUID NOT NULL PRIMARY KEY,
    action TEXT NOT NULL CHECK (action IN ('TRY', 'REDRIVE', 'DISCARD')),
    context TEXT COLLATE "C" NOT NULL,
    tenant TEXT NOT NULL,
    aggregate_key TEXT NOT NULL,
    partition BIGINT NOT NULL,
    position BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    is_done BOOLEAN,
    result TEXT
);
CREATE INDEX operator_requests_waiting ON operator_requests (context, requested_at) WHERE ended_at IS NULL;
CREATE INDEX operator_requests_by_time ON operator_requests (requested_at);
