-- Parked rows: of each wanted key those from its first on that are free, up to one that is not; only at or below the
-- place up to which the part is read. A row that somebody holds locked ends its key too, or what lies behind it would
-- overtake it. Timers and replays: what is due, free or under a lease that expired, where no row of the key is parked.
WITH queue AS (
  SELECT candidate.id, candidate.key, candidate.generation, candidate.xid, candidate.message_id,
    row_number() OVER place > 1 OR candidate.next_attempt_at <= now() AS is_due
  FROM unnest($2::text[]) WITH ORDINALITY AS wanted (key, rank)
  CROSS JOIN LATERAL (
    SELECT *
    FROM outbox.retry AS waiting
    WHERE waiting.part = $1 AND waiting.key = wanted.key AND waiting.kind = 'parked' AND waiting.closed_at IS NULL
    ORDER BY waiting.generation, waiting.xid, waiting.message_id
    LIMIT $9
  ) AS candidate
  WINDOW place AS (PARTITION BY candidate.key ORDER BY candidate.generation, candidate.xid, candidate.message_id)
  ORDER BY wanted.rank, candidate.generation, candidate.xid, candidate.message_id
  LIMIT $9
), locked AS (
  SELECT candidate.id
  FROM outbox.retry AS candidate
  WHERE candidate.id IN (SELECT id FROM queue WHERE is_due)
    AND candidate.state = 'open'
    AND (candidate.lease_token IS NULL OR candidate.leased_at < now() - $8 * interval '1 millisecond')
    AND (candidate.generation, candidate.xid, candidate.message_id) <= ($3::bigint, $4::xid8, $5::bigint)
    AND candidate.topic <> ALL ($6::text[])
  FOR UPDATE SKIP LOCKED
), in_front AS (
  SELECT queue.id, bool_and(locked.id IS NOT NULL) OVER (
    PARTITION BY queue.key ORDER BY queue.generation, queue.xid, queue.message_id) AS is_ours
  FROM queue
  LEFT JOIN locked USING (id)
), free AS (
  SELECT candidate.id
  FROM outbox.retry AS candidate
  WHERE candidate.part = $1
    AND candidate.state = 'open' AND candidate.lease_token IS NULL AND candidate.kind <> 'parked'
    AND candidate.next_attempt_at <= now() AND candidate.topic <> ALL ($6::text[])
    AND NOT EXISTS (
      SELECT FROM outbox.retry AS parked
      WHERE parked.part = candidate.part AND parked.key = candidate.key
        AND parked.kind = 'parked' AND parked.closed_at IS NULL)
  ORDER BY candidate.next_attempt_at, candidate.id
  LIMIT $9
  FOR UPDATE SKIP LOCKED
), expired AS (
  SELECT candidate.id
  FROM outbox.retry AS candidate
  WHERE candidate.part = $1
    AND candidate.state = 'open' AND candidate.lease_token IS NOT NULL AND candidate.kind <> 'parked'
    AND candidate.leased_at < now() - $8 * interval '1 millisecond' AND candidate.topic <> ALL ($6::text[])
    AND NOT EXISTS (
      SELECT FROM outbox.retry AS parked
      WHERE parked.part = candidate.part AND parked.key = candidate.key
        AND parked.kind = 'parked' AND parked.closed_at IS NULL)
  ORDER BY candidate.leased_at, candidate.id
  LIMIT $9
  FOR UPDATE SKIP LOCKED
)
UPDATE outbox.retry AS claimed
SET lease_token = $7, leased_at = now(), deliveries = claimed.deliveries + 1
WHERE claimed.id IN (
  SELECT id FROM in_front WHERE is_ours UNION ALL SELECT id FROM free UNION ALL SELECT id FROM expired
)
RETURNING claimed.id, claimed.kind, claimed.topic, claimed.key, claimed.event_id, claimed.replay_id,
  claimed.traceparent, claimed.payload, claimed.generation, claimed.xid, claimed.message_id, claimed.next_attempt_at,
  claimed.created_at, claimed.deliveries, claimed.attempts,
  coalesce(extract(epoch FROM now() - claimed.first_attempt_at)::double precision * 1000, 0) AS tried_for_ms
