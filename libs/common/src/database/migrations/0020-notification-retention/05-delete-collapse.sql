-- Looks at the next `batch` keys behind the one that the last call came to, and deletes those whose newest event came in
-- before `keep` ago. By key, since an index on the time would have to be kept up with every event.
CREATE FUNCTION notification.delete_collapse(
  keep interval, batch integer, after text[], OUT looked integer, OUT deleted integer, OUT last text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  cutoff timestamptz := now() - keep;
BEGIN
  -- An older event of the key that comes later than this has expired.
  IF keep < interval '3 days' THEN
    RAISE EXCEPTION 'keep must be at least 3 days, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  WITH seen AS MATERIALIZED (
    SELECT tenant_id, channel, recipient, collapse_key FROM notification.collapse
    WHERE (tenant_id, channel, recipient, collapse_key) > (after[1], after[2], after[3], after[4])
    ORDER BY tenant_id, channel, recipient, collapse_key
    LIMIT batch
  ), old AS (
    SELECT c.tenant_id, c.channel, c.recipient, c.collapse_key
    FROM notification.collapse AS c JOIN seen USING (tenant_id, channel, recipient, collapse_key)
    WHERE c.updated_at < cutoff
    FOR UPDATE OF c SKIP LOCKED
  ), gone AS (
    DELETE FROM notification.collapse AS c USING old
    WHERE (c.tenant_id, c.channel, c.recipient, c.collapse_key)
      = (old.tenant_id, old.channel, old.recipient, old.collapse_key)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM gone),
    (SELECT ARRAY[tenant_id, channel, recipient, collapse_key] FROM seen
     ORDER BY tenant_id DESC, channel DESC, recipient DESC, collapse_key DESC LIMIT 1)
  INTO looked, deleted, last;
END
$$;
REVOKE ALL ON FUNCTION notification.delete_collapse(interval, integer, text[]) FROM PUBLIC;
