UPDATE notification.push_subscription
SET failures = 0, last_error = NULL, last_success_at = clock_timestamp()
WHERE id = ANY ($1::bigint[])
