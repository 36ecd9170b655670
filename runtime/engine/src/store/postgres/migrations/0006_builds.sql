-- Views are built beside those that are read: a build that isn't stands under a name of its own in the tables of views.

ALTER TABLE view_sets
    ADD COLUMN contract_version BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN projection_version BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN begun_at TIMESTAMPTZ,
    -- The operator who asked for it; none where a release did.
    ADD COLUMN asked_by TEXT,
    -- When it was read first.
    ADD COLUMN read_at TIMESTAMPTZ,
    ADD COLUMN reason TEXT NOT NULL DEFAULT '';
