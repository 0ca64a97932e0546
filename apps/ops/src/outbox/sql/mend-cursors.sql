-- In front of what was rewritten, behind all that was written before.
UPDATE outbox.cursor AS cursor
SET generation = $3, xid = '0', id = 0, acknowledged = mended.acknowledged, updated_at = clock_timestamp()
FROM unnest($1::smallint[], $2::jsonb[]) AS mended (part, acknowledged)
WHERE cursor.part = mended.part
