SELECT letter.id::text AS letter, letter.route_id, letter.failed_at, letter.attempts, letter.error_class,
  letter.error_message, resolution.resolution, resolution.replayed_as, resolution.resolved_by, resolution.resolved_at,
  resolution.reason AS why_resolved
FROM notification.dead_letter AS letter
LEFT JOIN notification.dead_letter_resolution AS resolution ON resolution.dead_letter_id = letter.id
WHERE letter.route_id = ANY ($1::text[])
ORDER BY letter.id;
