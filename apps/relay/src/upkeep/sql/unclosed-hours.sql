-- has_messages is a subquery of its own: as a condition it would be planned as a join with the whole outbox.
SELECT hour,
  coalesce((SELECT true FROM outbox.message AS message
    WHERE message.slot = ((extract(epoch FROM hour)::bigint / 3600) % 48)::smallint LIMIT 1), false) AS has_messages,
  hour <= date_bin('1 hour', now(), 'epoch') - (ceil($1 / 3600000.0) + 1) * interval '1 hour' AS is_due
FROM generate_series(
  date_bin('1 hour', now(), 'epoch') - interval '46 hours',
  date_bin('1 hour', now() - interval '61 minutes', 'epoch'),
  interval '1 hour') AS hour
WHERE NOT EXISTS (SELECT FROM ops.ledger_hour AS closed WHERE closed.hour = hour.hour)
ORDER BY hour
