REVOKE INSERT (tenant_id, user_id, notification_type, channel, enabled), UPDATE (enabled, updated_at)
  ON notification.preference FROM odograph_notification;
DROP TABLE notification.mail_suppression, notification.mail_delivery;
