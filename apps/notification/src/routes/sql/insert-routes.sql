INSERT INTO notification.route
  (route_id, notification_id, tenant_id, channel, recipient, address, locale, timezone, units, lane, collapse_key,
   state, reason, max_attempts, next_attempt_at)
SELECT route_id, notification_id, tenant_id, channel, recipient, address, locale, timezone, units, lane, collapse_key,
  CASE WHEN skip_reason IS NULL THEN 'pending' ELSE 'skipped' END,
  skip_reason, max_attempts,
  CASE WHEN skip_reason IS NULL THEN now() END
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::integer[])
  AS draft (route_id, notification_id, tenant_id, channel, recipient, address, locale, timezone, units, lane, collapse_key,
    skip_reason, max_attempts)
