SELECT topic, part, minute, committed, committed_hash, published, published_hash, consumed, consumed_hash,
  parked, parked_hash, skipped, skipped_hash, unread, unknown, lost, doubled, lost_ids, doubled_ids, parked_ids
FROM ops.event_census($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
WHERE minute >= $11 AND ($12::text IS NULL OR topic = $12)
ORDER BY minute, topic, part
