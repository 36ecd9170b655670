-- Ids of schemas that were deleted for good. An import may bring such a schema back under its id,
-- but no other: an id means one schema for ever, wherever it was written down.
CREATE TABLE retired_ids (
    id       INTEGER NOT NULL PRIMARY KEY,
    identity BLOB    NOT NULL
) STRICT;
