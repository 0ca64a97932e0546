INSERT INTO notification.dead_letter_resolution (dead_letter_id, resolution, resolved_by, reason)
SELECT letter_id, 'resolved', $2, $3
FROM unnest($1::bigint[]) AS letter_id;
