-- The elements of a stored IO block in wire order, in the layout of its codec: 8, 8 Extended (142) or 16. Each has its
-- bytes; those of 1, 2, 4 or 8 bytes are unsigned numbers, exact, and those of the variable group have no value.
CREATE FUNCTION telemetry.io_elements(codec integer, io bytea)
RETURNS TABLE (place integer, id integer, bytes bytea, value numeric)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  id_bytes integer := CASE codec WHEN 8 THEN 1 WHEN 142 THEN 2 WHEN 16 THEN 2 END;
  count_bytes integer := CASE codec WHEN 8 THEN 1 WHEN 142 THEN 2 WHEN 16 THEN 1 END;
  -- Codec 16 has a byte for what the record was made by between the event's id and the total.
  at integer := id_bytes + CASE codec WHEN 16 THEN 1 ELSE 0 END + count_bytes;
  width integer;
  elements integer;
  bits bigint;
BEGIN
  IF id_bytes IS NULL THEN
    RAISE EXCEPTION 'codec % has no IO layout', codec USING ERRCODE = 'invalid_parameter_value';
  END IF;
  place := 0;
  FOREACH width IN ARRAY ARRAY[1, 2, 4, 8] LOOP
    elements := CASE count_bytes WHEN 1 THEN get_byte(io, at) ELSE get_byte(io, at) * 256 + get_byte(io, at + 1) END;
    at := at + count_bytes;
    FOR nth IN 1..elements LOOP
      id := CASE id_bytes WHEN 1 THEN get_byte(io, at) ELSE get_byte(io, at) * 256 + get_byte(io, at + 1) END;
      bytes := substring(io FROM at + id_bytes + 1 FOR width);
      bits := ('x' || lpad(encode(bytes, 'hex'), 16, '0'))::bit(64)::bigint;
      value := bits + CASE WHEN bits < 0 THEN 18446744073709551616 ELSE 0 END;
      RETURN NEXT;
      place := place + 1;
      at := at + id_bytes + width;
    END LOOP;
  END LOOP;
  IF codec = 142 THEN
    value := NULL;
    elements := get_byte(io, at) * 256 + get_byte(io, at + 1);
    at := at + 2;
    FOR nth IN 1..elements LOOP
      id := get_byte(io, at) * 256 + get_byte(io, at + 1);
      width := get_byte(io, at + 2) * 256 + get_byte(io, at + 3);
      bytes := substring(io FROM at + 5 FOR width);
      RETURN NEXT;
      place := place + 1;
      at := at + 4 + width;
    END LOOP;
  END IF;
  IF at <> length(io) THEN
    RAISE EXCEPTION 'an IO block of codec % has % bytes, its elements end at %', codec, length(io), at
      USING ERRCODE = 'data_corrupted';
  END IF;
END
$$;
COMMENT ON FUNCTION telemetry.io_elements(integer, bytea) IS 'The IO elements of telemetry.position.io in wire order: id, bytes, and the unsigned value of those of a fixed width.';
