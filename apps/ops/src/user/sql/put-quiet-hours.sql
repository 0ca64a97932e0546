INSERT INTO notification.quiet_hours (user_id, starts_at, ends_at, weekdays, timezone)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id) DO UPDATE
SET starts_at = excluded.starts_at, ends_at = excluded.ends_at, weekdays = excluded.weekdays, timezone = excluded.timezone,
    updated_at = clock_timestamp();
