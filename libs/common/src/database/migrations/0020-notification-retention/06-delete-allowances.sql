-- Looks at the next `batch` allowances behind the one that the last call came to, and deletes those whose window began
-- before `keep` ago.
CREATE FUNCTION notification.delete_allowances(
  keep interval, batch integer, after text[], OUT looked integer, OUT deleted integer, OUT last text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  cutoff timestamptz := now() - keep;
BEGIN
  -- The longest window of a throttle.
  IF keep < interval '7 days' THEN
    RAISE EXCEPTION 'keep must be at least 7 days, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  WITH seen AS MATERIALIZED (
    SELECT channel, recipient, notification_type FROM notification.allowance
    WHERE (channel, recipient, notification_type) > (after[1], after[2], after[3])
    ORDER BY channel, recipient, notification_type
    LIMIT batch
  ), old AS (
    SELECT c.channel, c.recipient, c.notification_type
    FROM notification.allowance AS c JOIN seen USING (channel, recipient, notification_type)
    WHERE c.window_starts_at < cutoff
    FOR UPDATE OF c SKIP LOCKED
  ), gone AS (
    DELETE FROM notification.allowance AS c USING old
    WHERE (c.channel, c.recipient, c.notification_type) = (old.channel, old.recipient, old.notification_type)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM gone),
    (SELECT ARRAY[channel, recipient, notification_type] FROM seen
     ORDER BY channel DESC, recipient DESC, notification_type DESC LIMIT 1)
  INTO looked, deleted, last;
END
$$;
REVOKE ALL ON FUNCTION notification.delete_allowances(interval, integer, text[]) FROM PUBLIC;
