GRANT SELECT ON ops.event_ledger, ops.ledger_hour TO odograph_ops;
GRANT SELECT ON ops.ledger_hour TO odograph_relay;
GRANT EXECUTE ON FUNCTION ops.event_hash(text), ops.ledger_minute(timestamptz),
  ops.event_census(timestamptz, timestamptz, smallint[], bigint[], xid8[], bigint[], bigint[], bigint[], timestamptz, integer)
  TO odograph_ops;
GRANT EXECUTE ON FUNCTION
  ops.close_ledger_hour(timestamptz, timestamptz, smallint[], bigint[], xid8[], bigint[], bigint[], bigint[], timestamptz, boolean),
  ops.drop_ledger_hours(interval)
  TO odograph_relay;
