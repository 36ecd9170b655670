-- Instances keep schemas in memory by their ids; they hear of those that were deleted for good.
CREATE FUNCTION schemas_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '_schemas', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER schemas_deleted AFTER DELETE ON schemas
    FOR EACH STATEMENT EXECUTE FUNCTION schemas_deleted();
