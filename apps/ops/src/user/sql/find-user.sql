SELECT user_id, tenant_id, email, locale, timezone, enabled, created_at, updated_at, removed_at
FROM notification.user_account
WHERE user_id = $1;
