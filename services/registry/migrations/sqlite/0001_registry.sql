-- Every schema that a version names, once for each id. `identity` is the SHA-256 of the canonical
-- text and the references: equal identities share an id. `resolved` is the SHA-256 of the
-- self-contained form, by which a schema sent with its references inlined is found again.
CREATE TABLE schemas (
    id             INTEGER NOT NULL PRIMARY KEY,
    identity       BLOB    NOT NULL,
    resolved       BLOB    NOT NULL,
    text           TEXT    NOT NULL,
    reference_list TEXT    NOT NULL
) STRICT;
CREATE INDEX schemas_by_identity ON schemas (identity, id);

CREATE TABLE versions (
    subject   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    schema_id INTEGER NOT NULL REFERENCES schemas (id),
    deleted   INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    PRIMARY KEY (subject, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX versions_by_schema ON versions (schema_id, subject, version);

-- The references of a schema, turned round: who names (subject, version)?
CREATE TABLE referrers (
    subject   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    schema_id INTEGER NOT NULL REFERENCES schemas (id),
    PRIMARY KEY (subject, version, schema_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX referrers_by_schema ON referrers (schema_id);

-- The scope '' is the registry as a whole.
CREATE TABLE configs (
    scope           TEXT NOT NULL PRIMARY KEY,
    compatibility   TEXT,
    normalize       INTEGER CHECK (normalize IN (0, 1)),
    validate_fields INTEGER CHECK (validate_fields IN (0, 1)),
    alias           TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE modes (
    scope TEXT NOT NULL PRIMARY KEY,
    mode  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The next id to give. A row of its own, so that an id never comes twice, not even after the
-- schema that had it was deleted for good.
CREATE TABLE next_schema_id (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO next_schema_id (one, value) VALUES (1, 1);
