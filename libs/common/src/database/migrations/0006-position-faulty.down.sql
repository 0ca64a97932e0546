REVOKE DELETE ON telemetry.rule_checkpoint FROM odograph_ops;
REVOKE UPDATE (version) ON telemetry.device_state FROM odograph_ops;
DROP INDEX telemetry.device_state_resettling_idx;
ALTER TABLE telemetry.device_state DROP COLUMN resettling;
ALTER TABLE telemetry.position DROP COLUMN faulty;
