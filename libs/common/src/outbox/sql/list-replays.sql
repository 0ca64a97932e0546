-- is_out: it stands in its stream, or may from any moment on. What was replayed as new has other ids than any message.
SELECT topic, event_id, bool_or(state = 'published' OR lease_token IS NOT NULL) AS is_out
FROM outbox.retry
WHERE kind = 'replay' AND state IN ('open', 'published')
GROUP BY topic, event_id
