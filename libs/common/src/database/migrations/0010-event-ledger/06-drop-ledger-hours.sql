-- Forgets the oldest hours that are older than `keep`, at most a day of them at once. Answers with how many.
CREATE FUNCTION ops.drop_ledger_hours(keep interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  hours timestamptz[];
BEGIN
  -- What the ring may still hold must stay closed, or it would be counted again.
  IF keep < interval '48 hours' THEN
    RAISE EXCEPTION 'keep must be at least 48 hours, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT array_agg(old.hour) INTO hours
  FROM (SELECT hour FROM ops.ledger_hour WHERE hour < now() - keep ORDER BY hour LIMIT 24) AS old;
  DELETE FROM ops.event_ledger AS l USING unnest(hours) AS h (hour)
  WHERE l.minute >= h.hour AND l.minute < h.hour + interval '1 hour';
  DELETE FROM ops.ledger_hour WHERE hour = ANY (hours);
  RETURN coalesce(cardinality(hours), 0);
END
$$;
REVOKE ALL ON FUNCTION ops.drop_ledger_hours(interval) FROM PUBLIC;
