-- As 0006 made it.
CREATE OR REPLACE FUNCTION telemetry.flag_positions(
  device bigint, from_time timestamptz, until_time timestamptz, is_faulty boolean, max_records bigint
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  records bigint;
  first_time timestamptz;
  last_time timestamptz;
BEGIN
  -- First, as whoever settles a device locks its state before its checkpoints: else the two would wait for each other.
  PERFORM FROM telemetry.device_state AS state WHERE state.device_id = device FOR NO KEY UPDATE;
  WITH changed AS (
    UPDATE telemetry.position AS position SET faulty = is_faulty
    WHERE position.device_id = device AND position.time >= from_time AND position.time < until_time
      AND position.faulty <> is_faulty
    RETURNING position.time, position.digest
  ), gone AS (
    -- The state at a record that is hidden contains it.
    DELETE FROM telemetry.rule_checkpoint AS checkpoint USING changed
    WHERE checkpoint.device_id = device AND checkpoint.time = changed.time AND checkpoint.digest = changed.digest
  ), refuted AS (
    -- Whatever rule it was: one that is inactive by now settles nothing again, and would leave its event standing.
    UPDATE telemetry.event AS event SET retracted_at = now() FROM changed
    WHERE is_faulty AND event.device_id = device AND event.retracted_at IS NULL
      AND event.confirmed_time = changed.time AND event.confirmed_digest = changed.digest
  )
  SELECT count(*), min(changed.time), max(changed.time) INTO records, first_time, last_time FROM changed;
  IF records > max_records THEN
    RAISE EXCEPTION 'that would change % records, more than % at once', records, max_records
      USING ERRCODE = 'program_limit_exceeded';
  END IF;
  IF records > 0 THEN
    PERFORM telemetry.request_resettling(
      device, floor(extract(epoch FROM first_time) * 1000)::bigint, floor(extract(epoch FROM last_time) * 1000)::bigint);
  END IF;
  RETURN records;
END
$$;
ALTER TABLE telemetry.event DROP COLUMN hidden;
