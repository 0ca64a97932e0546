-- A new life, holding what the sink holds now. It waits for the settlements that are under way under the old birth; those
-- that come later settle nothing.
UPDATE notification.sink
SET birth = $2, count = $3, entry_id = $4, dedupe_id = $5, settled = '{}', updated_at = clock_timestamp()
WHERE stream = $1
