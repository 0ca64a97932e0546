SELECT deleted AS looked, deleted, NULL::text[] AS last FROM notification.delete_dead_letters($1 * interval '1 millisecond', $2)
