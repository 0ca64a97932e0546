-- As 0003 made it.
CREATE OR REPLACE VIEW telemetry.position_decoded AS
SELECT
  position.device_id,
  device.imei,
  position.time,
  position.digest,
  position.received_at,
  position.longitude / 1e7::double precision AS longitude,
  position.latitude / 1e7::double precision AS latitude,
  position.altitude_m,
  position.angle_deg,
  position.satellites,
  position.speed_kmh,
  position.fix_valid,
  position.priority,
  position.event_io_id,
  position.ignition,
  position.movement,
  position.odometer_m,
  position.external_voltage_mv,
  position.codec,
  position.flags,
  position.raw_time_ms,
  telemetry.io_json(position.codec, position.io) AS io
FROM telemetry.position AS position
LEFT JOIN telemetry.device AS device ON device.id = position.device_id;
DROP FUNCTION telemetry.flag_positions(bigint, timestamptz, timestamptz, boolean, bigint);
DROP FUNCTION telemetry.request_resettling(bigint, bigint, bigint);
DROP INDEX telemetry.device_state_resettling_idx;
ALTER TABLE telemetry.device_state DROP COLUMN resettling;
ALTER TABLE telemetry.position DROP COLUMN faulty;
