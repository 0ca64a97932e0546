-- A device that never comes back lets nobody find out that its commands have expired.
WITH expired AS (
  UPDATE ops.command
  SET state = 'expired', settled_at = clock_timestamp()
  WHERE state = 'queued' AND expires_at < clock_timestamp() - $1::interval
  RETURNING id, tenant_id, imei, text
)
INSERT INTO ops.audit (tenant_id, actor, action, subject, details)
SELECT tenant_id, $2::text, 'device.answer', imei,
       jsonb_build_object('command_id', id, 'outcome', 'expired', 'text', text)
FROM expired;
