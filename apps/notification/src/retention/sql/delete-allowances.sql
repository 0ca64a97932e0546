SELECT looked, deleted, last FROM notification.delete_allowances($1 * interval '1 millisecond', $2, $3::text[])
