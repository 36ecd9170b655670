-- What operators asked for, and what came of it. Never deleted: who left an event out of the views, and why, stays.

CREATE TABLE operator_requests (
    id BLOB NOT NULL PRIMARY KEY,
    action TEXT NOT NULL CHECK (action IN ('TRY', 'REDRIVE', 'DISCARD')),
    context TEXT NOT NULL,
    tenant TEXT NOT NULL,
    aggregate_key TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    ended_at INTEGER,
    is_done INTEGER,
    result TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_requests_waiting ON operator_requests (context, requested_at) WHERE ended_at IS NULL;
CREATE INDEX operator_requests_by_time ON operator_requests (requested_at);
