-- Makes the months from the one of the oldest row in DEFAULT, at most this one, to some months ahead. Rows that DEFAULT
-- caught are moved out before their month is attached; attaching would fail otherwise.
CREATE FUNCTION outbox.ensure_dead_letter_months(months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  this_month date := date_trunc('month', now())::date;
  oldest date;
  month date;
  name text;
  made integer := 0;
BEGIN
  SELECT date_trunc('month', min(failed_at))::date INTO oldest FROM outbox.dead_letter_default;
  FOR month IN
    SELECT generate_series(least(oldest, this_month), this_month + make_interval(months => months_ahead), interval '1 month')::date
  LOOP
    name := 'dead_letter_' || to_char(month, 'YYYYMM');
    CONTINUE WHEN to_regclass('outbox.' || name) IS NOT NULL;
    -- Held to the end, or a row could reach DEFAULT between the move and the attachment.
    LOCK TABLE outbox.dead_letter_default IN ACCESS EXCLUSIVE MODE;
    CONTINUE WHEN to_regclass('outbox.' || name) IS NOT NULL;
    EXECUTE format('CREATE TABLE outbox.%I (LIKE outbox.dead_letter INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', name);
    EXECUTE format(
      'WITH moved AS (DELETE FROM outbox.dead_letter_default WHERE failed_at >= %1$L AND failed_at < %2$L RETURNING *)
       INSERT INTO outbox.%3$I SELECT * FROM moved', month, (month + interval '1 month')::date, name);
    EXECUTE format('ALTER TABLE outbox.dead_letter ATTACH PARTITION outbox.%I FOR VALUES FROM (%L) TO (%L)',
      name, month, (month + interval '1 month')::date);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
REVOKE ALL ON FUNCTION outbox.ensure_dead_letter_months(integer) FROM PUBLIC;
