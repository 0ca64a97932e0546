-- Takes away the day tables that end at or before a day, one after the other; a day that is in use is left for later.
-- `keep` is what the caller's retention says; a day of the last two is never dropped, whatever it says.
CREATE FUNCTION telemetry.drop_position_partitions(before date, keep interval) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  day_table text;
  dropped text[] := '{}';
BEGIN
  IF before > (now() - greatest(keep, interval '2 days'))::date THEN
    RAISE EXCEPTION 'days from % on are within what is kept', (now() - greatest(keep, interval '2 days'))::date
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR day_table IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'telemetry.position'::regclass AND c.relname ~ '^position_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < before
    ORDER BY c.relname
  LOOP
    BEGIN
      -- The parent first, as every reader and writer does: the other way round they would wait for each other.
      LOCK TABLE telemetry.position IN ACCESS EXCLUSIVE MODE;
      EXECUTE format('DROP TABLE telemetry.%I', day_table);
      dropped := dropped || day_table;
    EXCEPTION WHEN lock_not_available THEN
      RAISE WARNING '% is in use and is left for the next time', day_table;
    END;
  END LOOP;
  RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION telemetry.drop_position_partitions(date, interval) FROM PUBLIC;
