INSERT INTO notification.collapse AS known
  (tenant_id, channel, recipient, collapse_key, newest_occurred_at, newest_notification_id)
SELECT tenant_id, channel, recipient, collapse_key, to_timestamp(occurred_at_ms / 1000.0), notification_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[])
  AS event (tenant_id, channel, recipient, collapse_key, occurred_at_ms, notification_id)
ON CONFLICT (tenant_id, channel, recipient, collapse_key) DO UPDATE
SET newest_occurred_at = excluded.newest_occurred_at, newest_notification_id = excluded.newest_notification_id,
  updated_at = now()
WHERE (known.newest_occurred_at, known.newest_notification_id)
  < (excluded.newest_occurred_at, excluded.newest_notification_id)
