SELECT birth, count::float8 AS count, entry_id, dedupe_id
FROM notification.sink
WHERE stream = $1
