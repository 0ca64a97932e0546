-- Events of the current rule versions in a stretch that was settled again and did not hold them any more.
UPDATE telemetry.event
SET retracted_at = now()
WHERE device_id = $1 AND retracted_at IS NULL
  AND confirmed_time >= $2 AND confirmed_time <= $4
  AND (confirmed_time, confirmed_digest) > ($2::timestamptz, $3::bigint)
  AND (confirmed_time, confirmed_digest) <= ($4::timestamptz, $5::bigint)
  AND (reference, reference_version) IN (SELECT * FROM unnest($6::text[], $7::integer[]))
  AND event_id <> ALL ($8::uuid[])
RETURNING kind
