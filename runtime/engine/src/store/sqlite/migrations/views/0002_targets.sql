-- How far views that are being built have to come before they are read: the store's end when they were begun.

CREATE TABLE view_targets (
    context TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (context, partition)
) STRICT, WITHOUT ROWID;
