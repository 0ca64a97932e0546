DELETE FROM outbox.pause WHERE topic = $1
RETURNING topic, paused_by, reason, paused_at
