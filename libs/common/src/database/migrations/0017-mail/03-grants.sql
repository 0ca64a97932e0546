GRANT SELECT, INSERT, UPDATE, DELETE ON notification.mail_delivery TO odograph_notification;
GRANT SELECT, INSERT ON notification.mail_suppression TO odograph_notification;
GRANT INSERT (tenant_id, user_id, notification_type, channel, enabled), UPDATE (enabled, updated_at)
  ON notification.preference TO odograph_notification;
GRANT SELECT ON notification.mail_delivery TO odograph_ops;
GRANT SELECT, DELETE ON notification.mail_suppression TO odograph_ops;
