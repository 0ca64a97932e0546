SELECT minute, topic, part, stage, count, hash
FROM ops.event_ledger
WHERE minute >= $1 AND ($2::text IS NULL OR topic = $2)
ORDER BY minute, topic, part, stage
