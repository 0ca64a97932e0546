SELECT topic, paused_by, reason, paused_at FROM outbox.pause WHERE topic = $1
