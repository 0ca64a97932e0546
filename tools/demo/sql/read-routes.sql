SELECT t.route_id, t.notification_id, t.channel, t.recipient, t.state, t.reason
FROM notification.route t
WHERE t.notification_id = ANY ($1::uuid[])
