INSERT INTO notification.user_account (user_id, tenant_id, email, locale, timezone)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id) DO UPDATE
SET tenant_id = excluded.tenant_id, email = excluded.email, locale = excluded.locale, timezone = excluded.timezone,
    enabled = true, updated_at = clock_timestamp(), removed_at = NULL
RETURNING user_id, tenant_id, email, locale, timezone, enabled, created_at, updated_at, removed_at;
