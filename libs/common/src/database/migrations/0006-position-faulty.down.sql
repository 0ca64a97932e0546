DROP FUNCTION telemetry.flag_positions(bigint, timestamptz, timestamptz, boolean, bigint);
DROP FUNCTION telemetry.request_resettling(bigint, bigint, bigint);
DROP INDEX telemetry.device_state_resettling_idx;
ALTER TABLE telemetry.device_state DROP COLUMN resettling;
ALTER TABLE telemetry.position DROP COLUMN faulty;
