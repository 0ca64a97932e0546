INSERT INTO notification.route
  (route_id, notification_id, tenant_id, channel, recipient, address, locale, state, reason, max_attempts, next_attempt_at)
SELECT route_id, notification_id, tenant_id, channel, recipient, address, locale,
  CASE WHEN skip_reason IS NULL THEN 'pending' ELSE 'skipped' END,
  skip_reason, max_attempts,
  CASE WHEN skip_reason IS NULL THEN now() END
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[])
  AS draft (route_id, notification_id, tenant_id, channel, recipient, address, locale, skip_reason, max_attempts)
