SELECT outbox.reclaim($1 * interval '1 millisecond') AS reclaimed
