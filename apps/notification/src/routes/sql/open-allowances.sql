-- In the order of the arrays, which is that of all instances.
INSERT INTO notification.allowance (channel, recipient, notification_type, window_starts_at, used)
SELECT $1, recipient, notification_type, to_timestamp(window_start_ms / 1000.0), 0
FROM unnest($2::text[], $3::text[], $4::float8[]) AS asked (recipient, notification_type, window_start_ms)
ON CONFLICT DO NOTHING
