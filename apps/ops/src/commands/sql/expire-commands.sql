-- A device that never comes back lets nobody find out what became of its commands: what still waits when it has expired
-- was never sent, and what was sent and never told of is of unknown outcome.
WITH overdue AS (
  UPDATE ops.command
  SET state = CASE state WHEN 'queued' THEN 'expired' ELSE 'unknown' END,
      reason = CASE state WHEN 'queued' THEN 'the device did not log in' ELSE 'nobody told of an answer' END,
      settled_at = clock_timestamp()
  WHERE state = 'queued' AND expires_at < clock_timestamp() - $1::interval
     OR state = 'sent' AND sent_at + timeout_ms * interval '1 ms' < clock_timestamp() - $1::interval
  RETURNING id, tenant_id, imei, text, state, reason
)
INSERT INTO ops.audit (tenant_id, actor, action, subject, details)
SELECT tenant_id, $2::text, 'device.answer', imei,
       jsonb_build_object('command_id', id, 'outcome', state, 'text', text, 'reason', reason)
FROM overdue;
