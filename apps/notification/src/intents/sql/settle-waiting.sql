-- Returns those that were still waiting: another instance may have been quicker. One time for all of a statement, and not
-- that of the transaction, which began before it held its subjects: so times are in the order of events, too.
UPDATE notification.record
SET state = 'routed', routed_at = statement_timestamp(), next_lookup_at = NULL, last_lookup_error = NULL
WHERE notification_id = ANY ($1::uuid[]) AND state = 'waiting'
RETURNING notification_id
