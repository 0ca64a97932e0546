SELECT looked, deleted, last FROM notification.delete_collapse($1 * interval '1 millisecond', $2, $3::text[])
