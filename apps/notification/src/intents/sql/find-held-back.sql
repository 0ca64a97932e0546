-- Of these waiting records: those that something earlier holds back that is not among them.
SELECT ready.notification_id
FROM notification.record AS ready
WHERE ready.notification_id = ANY ($1::uuid[]) AND ready.state = 'waiting'
  AND EXISTS (
    SELECT
    FROM notification.record AS earlier
    WHERE earlier.state = 'waiting'
      AND earlier.tenant_id = ready.tenant_id AND earlier.subject = ready.subject AND earlier.lane = ready.lane
      AND (earlier.occurred_at, earlier.notification_id) < (ready.occurred_at, ready.notification_id)
      AND earlier.notification_id <> ALL ($1::uuid[])
      AND earlier.recipient_user_ids && ready.recipient_user_ids
  )
