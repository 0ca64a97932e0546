-- The view of 0003, without what operators have hidden.
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
LEFT JOIN telemetry.device AS device ON device.id = position.device_id
WHERE NOT position.faulty;
