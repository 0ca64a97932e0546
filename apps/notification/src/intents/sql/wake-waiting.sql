-- What stood behind records that are settled now; a bounded step of it, since each of them wakes the next. Who is locked
-- is being looked up or postponed by somebody, and has a time of its own.
WITH behind AS (
  SELECT next.notification_id
  FROM (
    SELECT DISTINCT tenant_id, subject, lane
    FROM unnest($1::text[], $2::text[], $3::text[]) AS settled (tenant_id, subject, lane)
  ) AS settled
  CROSS JOIN LATERAL (
    SELECT record.notification_id
    FROM notification.record AS record
    WHERE record.state = 'waiting' AND record.tenant_id = settled.tenant_id AND record.subject = settled.subject
      AND record.lane = settled.lane
      AND record.notification_id <> ALL ($5::uuid[]) AND record.lookups = 0 AND record.next_lookup_at > clock_timestamp()
    ORDER BY record.occurred_at, record.notification_id
    LIMIT $4
    FOR UPDATE SKIP LOCKED
  ) AS next
)
UPDATE notification.record AS record
SET next_lookup_at = clock_timestamp()
FROM behind
WHERE record.notification_id = behind.notification_id
