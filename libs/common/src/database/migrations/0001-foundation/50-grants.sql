GRANT USAGE ON SCHEMA telemetry, outbox, notification, ops
  TO odograph_processor, odograph_relay, odograph_notification, odograph_ops;
GRANT USAGE ON SCHEMA telemetry TO odograph_readonly;

GRANT SELECT, INSERT, UPDATE, DELETE ON ops.lease TO odograph_processor, odograph_relay, odograph_notification;

GRANT SELECT, INSERT ON telemetry.device TO odograph_processor;
GRANT SELECT ON telemetry.geofence, telemetry.rule, telemetry.subscription TO odograph_processor;
GRANT SELECT, INSERT ON telemetry.position TO odograph_processor;
GRANT SELECT, INSERT, UPDATE ON telemetry.device_state, telemetry.event TO odograph_processor;
GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry.rule_checkpoint TO odograph_processor;
GRANT SELECT ON outbox.generation TO odograph_processor;
GRANT INSERT ON outbox.message TO odograph_processor;

GRANT SELECT ON outbox.generation, outbox.message TO odograph_relay;
GRANT SELECT, UPDATE ON outbox.cursor TO odograph_relay;
GRANT EXECUTE ON FUNCTION telemetry.ensure_position_partitions(integer, integer), outbox.reclaim(interval)
  TO odograph_relay, odograph_ops;

GRANT SELECT ON notification.user_account TO odograph_notification;
GRANT SELECT, INSERT ON notification.record, notification.malformed_intent, notification.dead_letter TO odograph_notification;
GRANT SELECT, INSERT, UPDATE ON notification.route TO odograph_notification;

GRANT SELECT ON ALL TABLES IN SCHEMA telemetry, outbox, notification, ops TO odograph_ops;
GRANT INSERT, UPDATE ON telemetry.device, telemetry.geofence, telemetry.rule, notification.user_account TO odograph_ops;
GRANT INSERT, DELETE ON telemetry.subscription TO odograph_ops;
GRANT INSERT ON ops.audit TO odograph_ops;

GRANT SELECT ON ALL TABLES IN SCHEMA telemetry TO odograph_readonly;

-- Every app compares the applied migrations with those of its build before it starts.
GRANT SELECT ON public.odograph_migration
  TO odograph_processor, odograph_relay, odograph_notification, odograph_ops, odograph_readonly;
