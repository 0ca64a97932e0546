-- Times are the database's: a producer whose clock is wrong would fire early or late. A timer that lives already under
-- this topic and id stays as it is, and the second producer waits here until the first has committed or rolled back.
-- Only what is due wakes the relay; nobody need look at a timer before its time.
WITH timer AS (
  INSERT INTO outbox.retry
    (kind, part, topic, key, event_id, tenant_id, traceparent, payload, timer_id, next_attempt_at)
  SELECT 'timer', draft.part, draft.topic, draft.key, draft.event_id::text, draft.tenant_id, draft.traceparent, draft.payload,
    $8::text, coalesce($10::timestamptz, clock_timestamp() + $9::bigint * interval '1 millisecond')
  FROM unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
    WITH ORDINALITY AS draft (part, topic, key, event_id, tenant_id, traceparent, payload, position)
  ORDER BY draft.position
  ON CONFLICT (topic, timer_id) WHERE timer_id IS NOT NULL AND state = 'open' DO NOTHING
  RETURNING next_attempt_at
), wake_up AS (
  SELECT pg_notify('outbox', '') FROM timer WHERE next_attempt_at <= clock_timestamp() LIMIT 1
)
SELECT 1 AS appended, (SELECT count(*) FROM wake_up) AS wake_ups FROM timer
