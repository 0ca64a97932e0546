-- Makes the day tables from some days back to some days ahead. A day whose records DEFAULT has caught already is
-- made as a table of its own, takes them out of DEFAULT and is attached; creating it as a partition would fail.
CREATE FUNCTION telemetry.ensure_position_partitions(days_back integer, days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  day date;
  name text;
  made integer := 0;
BEGIN
  FOR day IN SELECT generate_series(current_date - days_back, current_date + days_ahead, interval '1 day')::date LOOP
    name := 'position_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('telemetry.' || name) IS NOT NULL;
    -- Held to the end, or a record could reach DEFAULT between the move and the attachment.
    LOCK TABLE telemetry.position_default IN ACCESS EXCLUSIVE MODE;
    -- Somebody else may have made the day while we waited for the lock.
    CONTINUE WHEN to_regclass('telemetry.' || name) IS NOT NULL;
    EXECUTE format('CREATE TABLE telemetry.%I (LIKE telemetry.position INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', name);
    EXECUTE format(
      'WITH moved AS (DELETE FROM telemetry.position_default WHERE time >= %L AND time < %L RETURNING *)
       INSERT INTO telemetry.%I SELECT * FROM moved', day, day + 1, name);
    EXECUTE format('ALTER TABLE telemetry.position ATTACH PARTITION telemetry.%I FOR VALUES FROM (%L) TO (%L)', name, day, day + 1);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
REVOKE ALL ON FUNCTION telemetry.ensure_position_partitions(integer, integer) FROM PUBLIC;
