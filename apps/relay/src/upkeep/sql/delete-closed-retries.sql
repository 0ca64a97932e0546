-- One that was parked stays as long as its message: without it the log lane would publish that again after a rewind.
WITH gone AS (
  SELECT candidate.id
  FROM outbox.retry AS candidate
  WHERE candidate.closed_at < now() - $1 * interval '1 millisecond'
    AND NOT EXISTS (
      SELECT FROM outbox.message AS message
      WHERE candidate.kind = 'parked' AND message.part = candidate.part AND message.generation = candidate.generation
        AND message.xid = candidate.xid AND message.id = candidate.message_id)
  ORDER BY candidate.closed_at
  LIMIT $2
  FOR UPDATE OF candidate SKIP LOCKED
), deleted AS (
  DELETE FROM outbox.retry AS retry USING gone WHERE retry.id = gone.id RETURNING retry.id
)
SELECT count(*)::integer AS deleted FROM deleted
