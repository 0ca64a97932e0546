-- Looks at the next `batch` records accepted before `keep` ago, oldest first, behind the place that the last call came
-- to, and deletes those that are over. What somebody holds is left for the next time, so that nobody waits for this.
CREATE FUNCTION notification.delete_records(
  keep interval, batch integer, after text[], OUT looked integer, OUT deleted integer, OUT last text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  cutoff timestamptz := now() - keep;
  ids uuid[];
BEGIN
  -- A sink that lost its tail is filled again from records, and the outbox audit counts them.
  IF keep < interval '3 days' THEN
    RAISE EXCEPTION 'keep must be at least 3 days, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- The look after the locks needs a snapshot of its own: an older one would miss what brought a route to life again.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'notification.delete_records runs in READ COMMITTED only, got %', current_setting('transaction_isolation');
  END IF;
  SELECT array_agg(r.notification_id ORDER BY r.accepted_at, r.notification_id), count(*) INTO ids, looked
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
  -- Looked at before they are locked: what is under way must not wait for this.
  SELECT array_agg(id) INTO ids FROM unnest(ids) AS id WHERE notification.record_is_over(id, cutoff);
  -- Locked, a record gets no further route; and its routes, none of them is brought to life again.
  SELECT array_agg(r.notification_id) INTO ids
  FROM (SELECT notification_id FROM notification.record WHERE notification_id = ANY (ids) FOR UPDATE SKIP LOCKED) AS r;
  SELECT array_agg(id) INTO ids
  FROM unnest(ids) AS id
  WHERE (SELECT count(*) FROM notification.route AS o WHERE o.notification_id = id)
    = (SELECT count(*) FROM (SELECT FROM notification.route AS o WHERE o.notification_id = id
                             FOR UPDATE SKIP LOCKED) AS locked);
  DELETE FROM notification.record AS r
  WHERE r.notification_id = ANY (ids) AND notification.record_is_over(r.notification_id, cutoff);
  GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;
REVOKE ALL ON FUNCTION notification.delete_records(interval, integer, text[]) FROM PUBLIC;
