-- Asks for a device's history to be folded again between two event times (null: from its beginning, to its end). The new
-- version makes whoever holds the state in memory read it again. False where the device has no state.
CREATE FUNCTION telemetry.request_resettling(device bigint, from_ms bigint, until_ms bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE telemetry.device_state AS state
  SET version = version + 1,
    resettling = jsonb_build_object(
      'fromMs', CASE
        WHEN resettling IS NULL THEN from_ms
        WHEN from_ms IS NOT NULL AND resettling ->> 'fromMs' IS NOT NULL
          THEN least(from_ms, (resettling ->> 'fromMs')::bigint)
      END,
      -- What another request has begun already agrees with no stored checkpoint any more: to the end, then.
      'untilMs', CASE WHEN resettling IS NULL THEN until_ms END,
      'cursor', NULL)
  WHERE state.device_id = device;
  RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION telemetry.request_resettling(bigint, bigint, bigint) FROM PUBLIC;
