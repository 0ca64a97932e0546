SELECT user_id, tenant_id, email, locale, timezone, enabled, created_at, updated_at, removed_at
FROM notification.user_account
WHERE removed_at IS NULL AND ($1::text IS NULL OR tenant_id = $1)
ORDER BY tenant_id, user_id;
