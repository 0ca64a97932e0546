-- What was published, together with what the sink has acknowledged by it, or nothing: a sink that was born again since,
-- or that hands out numbers for the second time, has lost entries, these among them perhaps.
-- The arrays are wrapped so that the planner takes them for short: by their length it found reading the whole table for
-- the token cheaper than looking up each route.
-- Filtered by the token: a holder whose lease has passed on must not write over what its successor did.
WITH acknowledged AS (
  INSERT INTO notification.sink AS sink (stream, birth, count, entry_id, dedupe_id, settled)
  VALUES ($4, $5, $6, $7, $8, $9)
  ON CONFLICT (stream) DO UPDATE
  SET count = greatest(sink.count, excluded.count),
    entry_id = CASE WHEN excluded.count > sink.count THEN excluded.entry_id ELSE sink.entry_id END,
    dedupe_id = CASE WHEN excluded.count > sink.count THEN excluded.dedupe_id ELSE sink.dedupe_id END,
    settled = sink.settled + excluded.settled,
    updated_at = clock_timestamp()
  WHERE sink.birth = excluded.birth AND NOT sink.settled && excluded.settled
  RETURNING stream
), published AS (
  UPDATE notification.route AS route
  SET state = 'published', published_at = clock_timestamp(), stream_entry_id = done.entry_id,
    lease_token = NULL, leased_until = NULL, updated_at = now()
  FROM unnest(ARRAY(SELECT unnest($1::text[])), ARRAY(SELECT unnest($2::text[]))) AS done (route_id, entry_id), acknowledged
  WHERE route.route_id = done.route_id AND route.lease_token = $3
  RETURNING route.route_id
)
SELECT EXISTS (SELECT FROM acknowledged) AS acknowledged, ARRAY(SELECT route_id FROM published) AS route_ids
