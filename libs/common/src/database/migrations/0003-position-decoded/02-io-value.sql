-- Of an id that occurs twice the last one counts, here and wherever a record is decoded.
CREATE FUNCTION telemetry.io_value(codec integer, io bytea, id integer) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT element.value FROM telemetry.io_elements($1, $2) AS element
  WHERE element.id = $3 ORDER BY element.place DESC LIMIT 1
$$;
COMMENT ON FUNCTION telemetry.io_value(integer, bytea, integer) IS 'The unsigned value of an IO id, exact; null where the record does not carry it as a number.';

CREATE FUNCTION telemetry.io_bytes(codec integer, io bytea, id integer) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT element.bytes FROM telemetry.io_elements($1, $2) AS element
  WHERE element.id = $3 ORDER BY element.place DESC LIMIT 1
$$;
COMMENT ON FUNCTION telemetry.io_bytes(integer, bytea, integer) IS 'The bytes of an IO id as on the wire, of any width; null where the record does not carry it.';

CREATE FUNCTION telemetry.io_json(codec integer, io bytea) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(
    element.id, coalesce(to_jsonb(element.value), to_jsonb(encode(element.bytes, 'hex'))) ORDER BY element.place
  ), '{}')
  FROM telemetry.io_elements($1, $2) AS element
$$;
COMMENT ON FUNCTION telemetry.io_json(integer, bytea) IS 'All IO elements by id: exact unsigned numbers, and hex text for those of variable width.';
