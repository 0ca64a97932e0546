-- The first 8 bytes of SHA-256, as contracts' eventHash computes them: PostgreSQL's own hash functions may change with
-- its version, and md5 is refused by servers in FIPS mode.
CREATE FUNCTION ops.event_hash(event_id text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ('x' || pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256(pg_catalog.convert_to(event_id, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
$$;
-- The minute that a message counts for. Rounded to the second first, as its slot is: so a minute lies in one slot.
CREATE FUNCTION ops.ledger_minute(created_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT pg_catalog.to_timestamp(extract(epoch FROM created_at)::bigint / 60 * 60)
$$;
REVOKE ALL ON FUNCTION ops.event_hash(text), ops.ledger_minute(timestamptz) FROM PUBLIC;
