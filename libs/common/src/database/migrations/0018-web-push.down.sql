DROP TABLE notification.push_delivery, notification.push_subscription;
