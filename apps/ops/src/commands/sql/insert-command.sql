INSERT INTO ops.command (id, device_id, tenant_id, imei, actor, codec, text, timeout_ms, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING id, imei, tenant_id, codec, text, timeout_ms, state, reason, answer, created_at, expires_at, sent_at, settled_at;
