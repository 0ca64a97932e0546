INSERT INTO notification.user_account (user_id, tenant_id, email, locale, timezone, units, enabled)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (user_id) DO UPDATE
SET tenant_id = excluded.tenant_id, email = excluded.email, locale = excluded.locale, timezone = excluded.timezone,
    units = excluded.units, enabled = excluded.enabled, updated_at = clock_timestamp(), removed_at = NULL;
