SELECT letter.id::text AS letter
FROM notification.dead_letter AS letter
WHERE letter.route_id = $1
ORDER BY letter.id DESC
LIMIT 1;
