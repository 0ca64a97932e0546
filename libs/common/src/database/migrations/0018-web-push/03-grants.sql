GRANT SELECT, INSERT, UPDATE, DELETE ON notification.push_subscription, notification.push_delivery TO odograph_notification;
GRANT SELECT ON notification.push_subscription, notification.push_delivery TO odograph_ops;
