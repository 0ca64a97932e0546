-- Slots that are old enough to be emptied and hold messages all the same, and why.
SELECT reason, count(*)::integer AS slots
FROM (
  SELECT CASE
    WHEN (SELECT true FROM outbox.cursor AS cursor CROSS JOIN LATERAL (
        SELECT FROM outbox.message AS message
        WHERE message.slot = due.slot AND message.part = cursor.part
          AND (message.generation, message.xid, message.id) > (cursor.generation, cursor.xid, cursor.id)
        LIMIT 1) AS unread LIMIT 1) THEN 'unread'
    WHEN closed.hour IS NULL THEN 'unclosed'
    ELSE 'in_use'
  END AS reason
  FROM (
    SELECT hour, ((extract(epoch FROM hour)::bigint / 3600) % 48)::smallint AS slot
    FROM generate_series(
      date_bin('1 hour', now(), 'epoch') - interval '46 hours',
      date_bin('1 hour', now(), 'epoch') - (ceil($1 / 3600000.0) + 1) * interval '1 hour',
      interval '1 hour') AS hour
  ) AS due
  LEFT JOIN ops.ledger_hour AS closed ON closed.hour = due.hour
  WHERE (SELECT true FROM outbox.message AS message WHERE message.slot = due.slot LIMIT 1)
) AS blocked
GROUP BY reason
