DROP VIEW telemetry.position_decoded;
DROP FUNCTION telemetry.io_json(integer, bytea);
DROP FUNCTION telemetry.io_bytes(integer, bytea, integer);
DROP FUNCTION telemetry.io_value(integer, bytea, integer);
DROP FUNCTION telemetry.io_elements(integer, bytea);
