-- What was meant for the user before is not for the one who has the browser now.
DELETE FROM notification.push_delivery AS delivery
USING notification.push_subscription AS subscription
WHERE delivery.subscription_id = subscription.id AND subscription.endpoint = $2 AND subscription.user_id <> $1
