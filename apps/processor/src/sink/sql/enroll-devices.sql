-- Sorted, so that two writers who enroll some of the same devices wait for each other in one order.
INSERT INTO telemetry.device (imei, name)
SELECT imei, imei FROM unnest($1::text[]) AS imei ORDER BY imei
ON CONFLICT (imei) DO NOTHING
