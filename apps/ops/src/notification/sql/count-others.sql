SELECT 'waiting' AS what, coalesce(last_lookup_error, '') AS code, count(*)::integer AS count, min(accepted_at) AS oldest
FROM notification.record
WHERE state = 'waiting'
GROUP BY 2
UNION ALL
SELECT 'dead letters', letter.error_class, count(*)::integer, min(letter.failed_at)
FROM notification.dead_letter AS letter
LEFT JOIN notification.dead_letter_resolution AS resolution ON resolution.dead_letter_id = letter.id
WHERE resolution.dead_letter_id IS NULL
GROUP BY 2
UNION ALL
SELECT 'malformed', code, count(*)::integer, min(recorded_at)
FROM notification.malformed_intent
WHERE recorded_at >= $1
GROUP BY 2
ORDER BY 1 DESC, 2;
