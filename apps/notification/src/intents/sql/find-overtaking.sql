-- Intents that may not go out yet: something of the same subject and lane, for one of the same people and
-- earlier, waits. Of one time the id decides, here as where they are settled: else each of two could wait for the other.
SELECT intent.notification_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[])
  AS intent (notification_id, tenant_id, subject, lane, occurred_at_ms, recipients)
WHERE EXISTS (
  SELECT
  FROM notification.record AS earlier
  WHERE earlier.state = 'waiting'
    AND earlier.tenant_id = intent.tenant_id AND earlier.subject = intent.subject AND earlier.lane = intent.lane
    AND (earlier.occurred_at, earlier.notification_id)
      < (to_timestamp(intent.occurred_at_ms / 1000.0), intent.notification_id)
    AND earlier.recipient_user_ids && ARRAY(SELECT jsonb_array_elements_text(intent.recipients))
)
