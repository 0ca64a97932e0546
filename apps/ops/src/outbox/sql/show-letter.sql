SELECT letter.id::text AS letter, letter.failed_at, letter.reason, letter.kind, letter.topic, letter.key,
  letter.event_id, letter.tenant_id, letter.traceparent, letter.timer_id, letter.created_at, letter.deliveries,
  letter.attempts, letter.last_error, letter.resolved_at, letter.resolution, letter.payload,
  letter.retry_id::text AS row_id, retry.state AS row_state,
  (
    SELECT count(*)::integer FROM outbox.retry AS later
    WHERE later.kind = 'parked' AND later.closed_at IS NULL AND later.part = retry.part AND later.key = retry.key
      AND (later.generation, later.xid, later.message_id) > (retry.generation, retry.xid, retry.message_id)
  ) AS held_behind
FROM outbox.dead_letter AS letter
LEFT JOIN outbox.retry AS retry ON retry.id = letter.retry_id AND retry.state = 'dead'
WHERE letter.id = $1
