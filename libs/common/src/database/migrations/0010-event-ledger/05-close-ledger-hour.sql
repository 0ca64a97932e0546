-- Writes what ops.event_census finds of an hour into the ledger. `closed`, or why it is not: `unread` where a message has
-- not passed its cursor; `uneven` where one is parked, lost or doubled, which `by_force` writes down as it is.
-- The relay's role plans for the drain alone, without sorts and scans; and the hour that takes longest must be closed too.
CREATE FUNCTION ops.close_ledger_hour(
  of_hour timestamptz, as_of timestamptz, parts smallint[], generations bigint[], xids xid8[], ids bigint[],
  standing_events bigint[], standing_intents bigint[], trimmed_before timestamptz, by_force boolean
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = on SET enable_sort = on SET transaction_timeout = 0 AS $$
DECLARE
  closing_generation bigint;
  closing_xid xid8;
  hours timestamptz[];
  census jsonb;
  is_unread boolean;
  is_uneven boolean;
BEGIN
  IF of_hour <> date_bin('1 hour', of_hour, 'epoch') OR of_hour + interval '61 minutes' > now() THEN
    RAISE EXCEPTION '% is no hour that ended a minute ago', of_hour USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- Before the count: a transaction that commits in between counts as late, and reclaim opens the hour again.
  SELECT generation, pg_snapshot_xmin(pg_current_snapshot()) INTO closing_generation, closing_xid FROM outbox.generation;
  SELECT coalesce(jsonb_agg(c), '[]'), coalesce(bool_or(c.unread > 0), false),
    coalesce(bool_or(c.parked > 0 OR c.lost > 0 OR c.doubled > 0), false),
    array_agg(DISTINCT date_bin('1 hour', c.minute, 'epoch'))
  INTO census, is_unread, is_uneven, hours
  FROM ops.event_census(of_hour, as_of, parts, generations, xids, ids, standing_events, standing_intents, trimmed_before, 0) AS c;
  IF is_unread THEN RETURN 'unread'; END IF;
  IF is_uneven AND NOT by_force THEN RETURN 'uneven'; END IF;

  -- A slot that was not reclaimed in time holds messages of an earlier hour as well: they are counted with it.
  hours := array_append(hours, of_hour);
  DELETE FROM ops.event_ledger AS l USING unnest(hours) AS h (hour)
  WHERE l.minute >= h.hour AND l.minute < h.hour + interval '1 hour';
  INSERT INTO ops.event_ledger (minute, topic, part, stage, count, hash)
  SELECT c.minute, c.topic, c.part, s.stage, s.count, s.hash
  FROM jsonb_to_recordset(census) AS c (
    minute timestamptz, topic text, part smallint, committed bigint, committed_hash bigint, published bigint,
    published_hash bigint, consumed bigint, consumed_hash bigint, parked bigint, parked_hash bigint, skipped bigint,
    skipped_hash bigint, unknown bigint),
  LATERAL (VALUES
    ('committed', c.committed, c.committed_hash, true),
    ('published', c.published, c.published_hash, true),
    ('consumed', c.consumed, c.consumed_hash, c.unknown = 0),
    ('parked', c.parked, c.parked_hash, c.parked > 0),
    ('skipped', c.skipped, c.skipped_hash, c.skipped > 0)
  ) AS s (stage, count, hash, is_written)
  WHERE s.is_written;
  INSERT INTO ops.ledger_hour (hour, generation, xid)
  SELECT DISTINCT h.hour, closing_generation, closing_xid FROM unnest(hours) AS h (hour)
  ON CONFLICT (hour) DO UPDATE SET generation = excluded.generation, xid = excluded.xid, closed_at = now();
  RETURN 'closed';
END
$$;
REVOKE ALL ON FUNCTION ops.close_ledger_hour(timestamptz, timestamptz, smallint[], bigint[], xid8[], bigint[], bigint[], bigint[], timestamptz, boolean) FROM PUBLIC;
