-- Returns those that were still waiting: another instance may have been quicker.
UPDATE notification.record
SET state = 'routed', routed_at = clock_timestamp(), next_lookup_at = NULL, last_lookup_error = NULL
WHERE notification_id = ANY ($1::uuid[]) AND state = 'waiting'
RETURNING notification_id
