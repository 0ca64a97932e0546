INSERT INTO outbox.pause (topic, paused_by, reason)
VALUES ($1, $2, $3)
ON CONFLICT (topic) DO NOTHING
RETURNING topic, paused_by, reason, paused_at
