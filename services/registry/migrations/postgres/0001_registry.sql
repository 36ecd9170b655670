-- Every schema that a version names, once for each id. `identity` is the SHA-256 of the canonical
-- text and the references: equal identities share an id. `resolved` is the SHA-256 of the
-- self-contained form, by which a schema sent with its references inlined is found again.
CREATE TABLE schemas (
    id             INTEGER NOT NULL PRIMARY KEY,
    identity       BYTEA   NOT NULL,
    resolved       BYTEA   NOT NULL,
    text           TEXT    NOT NULL,
    reference_list TEXT    NOT NULL
);
CREATE INDEX schemas_by_identity ON schemas (identity, id);

-- Subjects sort by their bytes, whatever the database's locale, as they do on SQLite.
CREATE TABLE versions (
    subject   TEXT COLLATE "C" NOT NULL,
    version   INTEGER          NOT NULL,
    schema_id INTEGER          NOT NULL REFERENCES schemas (id),
    deleted   INTEGER          NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    PRIMARY KEY (subject, version)
);
CREATE INDEX versions_by_schema ON versions (schema_id, subject, version);

-- The references of a schema, turned round: who names (subject, version)?
CREATE TABLE referrers (
    subject   TEXT COLLATE "C" NOT NULL,
    version   INTEGER          NOT NULL,
    schema_id INTEGER          NOT NULL REFERENCES schemas (id),
    PRIMARY KEY (subject, version, schema_id)
);
CREATE INDEX referrers_by_schema ON referrers (schema_id);

-- The scope '' is the registry as a whole.
CREATE TABLE configs (
    scope           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    compatibility   TEXT,
    normalize       BOOLEAN,
    validate_fields BOOLEAN,
    alias           TEXT
);

CREATE TABLE modes (
    scope TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    mode  TEXT             NOT NULL
);

-- The next id to give. A row of its own, so that an id never comes twice, not even after the
-- schema that had it was deleted for good, and so that a registration that fails leaves no gap.
CREATE TABLE next_schema_id (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    value BIGINT  NOT NULL
);
INSERT INTO next_schema_id (one, value) VALUES (1, 1);

-- Ids of schemas that were deleted for good. An import may bring such a schema back under its id,
-- but no other: an id means one schema for ever, wherever it was written down.
CREATE TABLE retired_ids (
    id       INTEGER NOT NULL PRIMARY KEY,
    identity BYTEA   NOT NULL
);
