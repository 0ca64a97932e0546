-- Of the `batch` oldest malformed intents those that were recorded before `keep` ago.
CREATE FUNCTION notification.delete_malformed_intents(keep interval, batch integer, OUT deleted integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
  -- The outbox audit counts them.
  IF keep < interval '3 days' THEN
    RAISE EXCEPTION 'keep must be at least 3 days, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  DELETE FROM notification.malformed_intent
  WHERE id IN (
    SELECT oldest.id
    FROM (SELECT id FROM notification.malformed_intent ORDER BY id LIMIT batch) AS head
    JOIN notification.malformed_intent AS oldest USING (id)
    WHERE oldest.recorded_at < now() - keep
    FOR UPDATE OF oldest SKIP LOCKED);
  GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;
REVOKE ALL ON FUNCTION notification.delete_malformed_intents(interval, integer) FROM PUBLIC;
