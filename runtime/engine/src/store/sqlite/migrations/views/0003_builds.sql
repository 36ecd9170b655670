-- Views are built beside those that are read: a build that isn't stands under a name of its own in the tables below.

ALTER TABLE view_sets ADD COLUMN contract_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE view_sets ADD COLUMN projection_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE view_sets ADD COLUMN begun_at INTEGER;
-- The operator who asked for it; none where a release did.
ALTER TABLE view_sets ADD COLUMN asked_by TEXT;
-- When it was read first.
ALTER TABLE view_sets ADD COLUMN read_at INTEGER;
ALTER TABLE view_sets ADD COLUMN reason TEXT NOT NULL DEFAULT '';
