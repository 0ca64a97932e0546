UPDATE notification.push_subscription AS subscription
SET failures = failures + 1, last_error = failed.error
FROM (SELECT DISTINCT ON (id) id, error FROM unnest($1::bigint[], $2::text[]) AS f (id, error)) AS failed
WHERE subscription.id = failed.id
