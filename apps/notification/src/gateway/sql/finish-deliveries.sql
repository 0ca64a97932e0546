DELETE FROM notification.push_delivery AS delivery
USING unnest($1::bigint[], $2::text[]) AS done (subscription_id, event_id)
WHERE delivery.subscription_id = done.subscription_id AND delivery.event_id = done.event_id
