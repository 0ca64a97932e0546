UPDATE notification.user_account
SET removed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE user_id = $1
RETURNING user_id, tenant_id, email, locale, timezone, enabled, created_at, updated_at, removed_at;
