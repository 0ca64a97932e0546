-- Of the `batch` oldest dead letters those that failed before `keep` ago, with what an operator did about them.
CREATE FUNCTION notification.delete_dead_letters(keep interval, batch integer, OUT deleted integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
  IF keep < interval '1 day' THEN
    RAISE EXCEPTION 'keep must be at least a day, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  DELETE FROM notification.dead_letter
  WHERE id IN (
    SELECT oldest.id
    FROM (SELECT id FROM notification.dead_letter ORDER BY id LIMIT batch) AS head
    JOIN notification.dead_letter AS oldest USING (id)
    WHERE oldest.failed_at < now() - keep
    FOR UPDATE OF oldest SKIP LOCKED);
  GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;
REVOKE ALL ON FUNCTION notification.delete_dead_letters(interval, integer) FROM PUBLIC;
