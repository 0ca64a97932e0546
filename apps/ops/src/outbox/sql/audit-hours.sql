-- Every hour from $1 on: whether the ledger has closed it, and whether its messages may still be kept.
SELECT hour, closed.hour IS NOT NULL AS is_closed,
  hour >= date_bin('1 hour', now(), 'epoch') - interval '46 hours' AS is_kept
FROM generate_series(date_bin('1 hour', $1::timestamptz, 'epoch'), now() + interval '1 second', interval '1 hour') AS hour
LEFT JOIN ops.ledger_hour AS closed USING (hour)
ORDER BY hour
