-- What became of entries of the stream: malformed by their ids, accepted by the notifications that they ask for.
SELECT entry.id AS entry_id,
  (SELECT malformed.code FROM notification.malformed_intent AS malformed
   WHERE malformed.stream_entry_id = entry.id ORDER BY malformed.id DESC LIMIT 1) AS code,
  (SELECT record.notification_id FROM notification.record WHERE record.notification_id = entry.notification_id)
    AS notification_id
FROM unnest($1::text[], $2::uuid[]) AS entry (id, notification_id);
