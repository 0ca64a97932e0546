-- An intent that is still on its way: published once the cursor of its part has passed it, unless the retry lane has it.
SELECT message.event_id, message.topic, message.created_at,
  (message.generation, message.xid, message.id) <= (cursor.generation, cursor.xid, cursor.id) AS is_passed,
  retry.state AS retry_state, retry.attempts AS retry_attempts, retry.last_error
FROM outbox.message
JOIN outbox.cursor USING (part)
LEFT JOIN outbox.retry ON retry.kind = 'parked' AND retry.part = message.part AND retry.generation = message.generation
  AND retry.xid = message.xid AND retry.message_id = message.id
WHERE message.event_id = ANY ($1::uuid[]);
