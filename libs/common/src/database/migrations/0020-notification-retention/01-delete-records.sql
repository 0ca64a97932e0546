-- Looks at the next `batch` records, oldest first, behind the place that the last call came to, and deletes those that
-- are over: accepted and last touched before `keep` ago, with no route under way, none that a route under way will tell
-- of, and no dead letter. What somebody holds is left for the next time, so that nobody waits for this.
CREATE FUNCTION notification.delete_records(
  keep interval, batch integer, after text[], OUT looked integer, OUT deleted integer, OUT last text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  cutoff timestamptz := now() - keep;
  ids uuid[];
  free uuid[];
BEGIN
  -- A sink that lost its tail is filled again from records, and the outbox audit counts them.
  IF keep < interval '3 days' THEN
    RAISE EXCEPTION 'keep must be at least 3 days, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF batch NOT BETWEEN 1 AND 5000 THEN
    RAISE EXCEPTION 'batch must be between 1 and 5000, got %', batch USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A later look needs a snapshot of its own, or it would not see what was written before the locks.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'notification.delete_records runs in READ COMMITTED only, got %', current_setting('transaction_isolation');
  END IF;
  SELECT array_agg(r.notification_id ORDER BY r.accepted_at, r.notification_id), count(*)
  INTO ids, looked
  FROM (
    SELECT notification_id, accepted_at FROM notification.record
    WHERE accepted_at < cutoff AND (accepted_at, notification_id) > (after[1]::timestamptz, after[2]::uuid)
    ORDER BY accepted_at, notification_id
    LIMIT batch
  ) AS r;
  deleted := 0;
  IF looked = 0 THEN
    RETURN;
  END IF;
  -- As text: a client's clock may not have microseconds, and would begin at the same place again.
  SELECT ARRAY[accepted_at::text, notification_id::text] INTO last
  FROM notification.record WHERE notification_id = ids[cardinality(ids)];
  -- Locked, nobody adds a route or brings one to life again.
  SELECT array_agg(notification_id) INTO ids
  FROM (SELECT notification_id FROM notification.record
        WHERE notification_id = ANY (ids) AND state = 'routed'
        FOR UPDATE SKIP LOCKED) AS r;
  SELECT array_agg(held.notification_id) INTO free
  FROM (
    SELECT r.notification_id FROM unnest(ids) AS r (notification_id)
    WHERE (SELECT count(*) FROM notification.route AS o WHERE o.notification_id = r.notification_id)
      = (SELECT count(*) FROM (SELECT FROM notification.route AS o WHERE o.notification_id = r.notification_id
                               FOR UPDATE SKIP LOCKED) AS locked)
  ) AS held;
  DELETE FROM notification.record AS r
  WHERE r.notification_id = ANY (free)
    AND NOT EXISTS (
      SELECT FROM notification.route AS o
      WHERE o.notification_id = r.notification_id
        AND (o.state IN ('pending', 'scheduled', 'publishing', 'retrying') OR o.updated_at >= cutoff
          OR EXISTS (SELECT FROM notification.dead_letter AS d WHERE d.route_id = o.route_id)
          OR EXISTS (SELECT FROM notification.route AS lead
                     WHERE lead.route_id = o.folded_into
                       AND lead.state IN ('pending', 'scheduled', 'publishing', 'retrying'))));
  GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;
REVOKE ALL ON FUNCTION notification.delete_records(interval, integer, text[]) FROM PUBLIC;
