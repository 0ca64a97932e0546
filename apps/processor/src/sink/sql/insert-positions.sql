-- What stands in braces is filled in from POSITION_COLUMNS. A record that is stored already is a repeat and changes nothing.
-- Answers with one row: how many were new, and only where some were not the keys of those that were, in the order in
-- which they were given. A row for each would cost more than the insert's own index.
WITH new AS (
  INSERT INTO telemetry.position ({columns})
  SELECT {arrays}
  ON CONFLICT (device_id, time, digest) DO NOTHING
  RETURNING device_id, time, digest
)
SELECT added, CASE WHEN added < cardinality($1) THEN (
    SELECT string_agg(int8send(device_id) || timestamptz_send(time) || int8send(digest), '') FROM new
  ) END AS keys
FROM (SELECT count(*)::integer AS added FROM new) AS counted
