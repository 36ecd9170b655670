-- Who claimed a partition last, under which epoch: a release that knows no names raises the epoch and leaves the name.

ALTER TABLE checkpoints
    ADD COLUMN owner TEXT,
    ADD COLUMN owner_epoch BIGINT;
