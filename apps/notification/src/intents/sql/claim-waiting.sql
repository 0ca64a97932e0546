-- Moved ahead, so that no other instance looks them up as well; a dead one's are due again after that.
UPDATE notification.record AS record
SET next_lookup_at = clock_timestamp() + $2 * interval '1 millisecond'
FROM (
  SELECT notification_id
  FROM notification.record
  WHERE state = 'waiting' AND next_lookup_at <= clock_timestamp()
  ORDER BY lane DESC, next_lookup_at
  LIMIT $1
  FOR UPDATE SKIP LOCKED
) AS due
WHERE record.notification_id = due.notification_id
RETURNING record.notification_id, record.tenant_id, record.notification_type, record.producer, record.audience_kind,
  record.recipient_user_ids, record.idempotency_key, record.subject, record.lane, record.payload::text AS payload_json,
  record.request_id, record.trace_id, record.traceparent, record.occurred_at, record.expires_at, record.event_id,
  record.stream_entry_id, record.lookups
