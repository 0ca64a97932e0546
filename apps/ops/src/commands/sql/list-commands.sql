SELECT id, imei, tenant_id, codec, text, timeout_ms, state, reason, answer, created_at, expires_at, sent_at, settled_at
FROM ops.command
WHERE imei = $1
ORDER BY created_at DESC
LIMIT $2;
