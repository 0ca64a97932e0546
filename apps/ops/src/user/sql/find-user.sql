SELECT account.user_id, account.tenant_id, account.email, account.locale, account.timezone, account.units, account.enabled,
  to_char(quiet.starts_at, 'HH24:MI') || '-' || to_char(quiet.ends_at, 'HH24:MI') AS quiet_hours,
  quiet.weekdays::integer AS quiet_weekdays, quiet.timezone AS quiet_timezone,
  account.created_at, account.updated_at, account.removed_at
FROM notification.user_account AS account
LEFT JOIN notification.quiet_hours AS quiet USING (user_id)
WHERE account.user_id = $1;
