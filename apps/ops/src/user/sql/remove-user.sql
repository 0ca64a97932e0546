UPDATE notification.user_account
SET removed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE user_id = $1;
