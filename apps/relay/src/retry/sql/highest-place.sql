SELECT generation, xid, message_id AS id
FROM outbox.retry
WHERE part = $1 AND kind = 'parked'
ORDER BY generation DESC, xid DESC, message_id DESC
LIMIT 1
