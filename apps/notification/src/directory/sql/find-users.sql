SELECT user_id, email, locale, timezone, units, enabled
FROM notification.user_account
WHERE user_id = ANY ($1::text[]) AND removed_at IS NULL
