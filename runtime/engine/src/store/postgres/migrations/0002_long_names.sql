-- An entry of an index has at most 2,704 bytes, and a tenant or an aggregate's key may be longer: it stands in
-- indexes by its beginning and its digest. That form is longer than any name that stands for itself, so the
-- two are never taken for each other.
CREATE FUNCTION charter_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(name) <= 256 THEN name
        -- In bytea's own notation a backslash is doubled.
        ELSE left(name, 224) || encode(sha256(replace(name, '\', '\\')::bytea), 'hex') END
$$;

ALTER TABLE outcomes DROP CONSTRAINT outcomes_by_command;
CREATE UNIQUE INDEX outcomes_by_command ON outcomes (command_id, charter_name(tenant));

ALTER TABLE events DROP CONSTRAINT events_by_sequence;
CREATE UNIQUE INDEX events_by_sequence
    ON events (charter_name(tenant), context, charter_name(aggregate_key), sequence);

ALTER TABLE parked DROP CONSTRAINT parked_pkey;
CREATE UNIQUE INDEX parked_by_aggregate
    ON parked (context, charter_name(tenant), charter_name(aggregate_key));
