UPDATE outbox.cursor
SET generation = $2, xid = $3::xid8, id = $4, acknowledged = $5::jsonb, updated_at = now()
WHERE part = $1
