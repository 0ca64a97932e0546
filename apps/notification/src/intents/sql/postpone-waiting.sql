UPDATE notification.record AS record
SET next_lookup_at = clock_timestamp() + later.delay_ms * interval '1 millisecond',
  lookups = later.lookups, last_lookup_error = later.error
FROM unnest($1::uuid[], $2::float8[], $3::integer[], $4::text[]) AS later (notification_id, delay_ms, lookups, error)
WHERE record.notification_id = later.notification_id AND record.state = 'waiting'
