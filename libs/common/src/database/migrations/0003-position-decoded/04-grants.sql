REVOKE ALL ON FUNCTION telemetry.io_elements(integer, bytea), telemetry.io_value(integer, bytea, integer),
  telemetry.io_bytes(integer, bytea, integer), telemetry.io_json(integer, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry.io_elements(integer, bytea), telemetry.io_value(integer, bytea, integer),
  telemetry.io_bytes(integer, bytea, integer), telemetry.io_json(integer, bytea)
  TO odograph_processor, odograph_ops, odograph_readonly;
GRANT SELECT ON telemetry.position_decoded TO odograph_ops, odograph_readonly;
