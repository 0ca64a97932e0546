GRANT SELECT ON notification.preference, notification.quiet_hours TO odograph_notification;
GRANT SELECT, INSERT, UPDATE ON notification.collapse, notification.allowance, notification.sink TO odograph_notification;
GRANT SELECT, INSERT ON notification.route_decision TO odograph_notification;
GRANT UPDATE (state, routed_at, next_lookup_at, lookups, last_lookup_error) ON notification.record TO odograph_notification;
GRANT SELECT ON notification.preference, notification.quiet_hours, notification.collapse, notification.allowance,
  notification.sink, notification.route_decision, notification.dead_letter_resolution TO odograph_ops;
GRANT INSERT, UPDATE, DELETE ON notification.preference, notification.quiet_hours TO odograph_ops;
GRANT INSERT ON notification.route, notification.route_decision, notification.dead_letter_resolution TO odograph_ops;
GRANT UPDATE (state, reason, attempts, next_attempt_at, lease_token, leased_until, updated_at) ON notification.route TO odograph_ops;
