DROP SCHEMA telemetry, outbox, notification, ops CASCADE;
REVOKE ALL ON public.odograph_migration
  FROM odograph_processor, odograph_relay, odograph_notification, odograph_ops, odograph_readonly;
