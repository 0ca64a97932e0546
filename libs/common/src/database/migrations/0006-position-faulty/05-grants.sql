-- Operators ask for it; what a state becomes is the processor's to write.
GRANT EXECUTE ON FUNCTION telemetry.request_resettling(bigint, bigint, bigint),
  telemetry.flag_positions(bigint, timestamptz, timestamptz, boolean, bigint) TO odograph_ops;
