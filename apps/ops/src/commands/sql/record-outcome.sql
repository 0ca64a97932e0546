-- A report may come twice, late or from two instances. It counts where it says more than what is known: sent over
-- queued, unknown over sent, and everything final over these; a final state stays. The audit gets a row with each step
-- that is no mere sending.
WITH known (state, rank) AS (
  VALUES ('queued', 0), ('sent', 1), ('unknown', 2), ('answered', 3), ('nacked', 3), ('expired', 3), ('failed', 3)
),
moved AS (
  UPDATE ops.command AS command
  SET state = $2::text, reason = $3::text, answer = $4::bytea,
      sent_at = CASE WHEN $2::text = 'sent' THEN $5::timestamptz ELSE sent_at END,
      settled_at = CASE WHEN $2::text <> 'sent' THEN $5::timestamptz END
  FROM known AS before, known AS after
  WHERE command.id = $1::uuid AND before.state = command.state AND after.state = $2::text AND after.rank > before.rank
  RETURNING command.tenant_id, command.imei, command.text
)
INSERT INTO ops.audit (tenant_id, actor, action, subject, details)
SELECT tenant_id, $6::text, 'device.answer', imei,
       jsonb_build_object('command_id', $1::uuid, 'outcome', $2::text, 'text', text, 'reason', $3::text, 'answer', $7::text)
FROM moved
WHERE $2::text <> 'sent';
