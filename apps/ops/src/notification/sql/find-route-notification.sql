SELECT notification_id FROM notification.route WHERE route_id = $1;
