-- What waits in each of the parts, without reading what waits behind it: the first row of every parked key, by one
-- index probe a key; the next timer or replay; and the oldest lease on one. wait_ms is null where an operator decides.
WITH RECURSIVE head AS (
  SELECT first.*
  FROM unnest($1::smallint[]) AS owned (part)
  CROSS JOIN LATERAL (
    SELECT candidate.part, candidate.key, candidate.state, candidate.next_attempt_at, candidate.leased_at
    FROM outbox.retry AS candidate
    WHERE candidate.part = owned.part AND candidate.kind = 'parked' AND candidate.closed_at IS NULL
    ORDER BY candidate.key, candidate.generation, candidate.xid, candidate.message_id
    LIMIT 1
  ) AS first
  UNION ALL
  SELECT next.*
  FROM head
  CROSS JOIN LATERAL (
    SELECT candidate.part, candidate.key, candidate.state, candidate.next_attempt_at, candidate.leased_at
    FROM outbox.retry AS candidate
    WHERE candidate.part = head.part AND candidate.key > head.key
      AND candidate.kind = 'parked' AND candidate.closed_at IS NULL
    ORDER BY candidate.key, candidate.generation, candidate.xid, candidate.message_id
    LIMIT 1
  ) AS next
), waiting AS (
  SELECT part, key,
    CASE state WHEN 'open' THEN greatest(next_attempt_at, leased_at + $2 * interval '1 millisecond') END AS due_at
  FROM head
  UNION ALL
  SELECT owned.part, NULL, next.due_at
  FROM unnest($1::smallint[]) AS owned (part)
  CROSS JOIN LATERAL (
    SELECT candidate.next_attempt_at AS due_at
    FROM outbox.retry AS candidate
    WHERE candidate.part = owned.part
      AND candidate.state = 'open' AND candidate.lease_token IS NULL AND candidate.kind <> 'parked'
    ORDER BY candidate.next_attempt_at
    LIMIT 1
  ) AS next
  UNION ALL
  SELECT part, NULL, min(leased_at) + $2 * interval '1 millisecond'
  FROM outbox.retry
  WHERE part = ANY ($1::smallint[]) AND lease_token IS NOT NULL AND kind <> 'parked'
  GROUP BY part
)
SELECT part, key, extract(epoch FROM due_at - now())::double precision * 1000 AS wait_ms
FROM waiting
