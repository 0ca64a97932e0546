-- Waits for the protected transactions of the owners, and keeps the parts from being taken meanwhile.
SELECT name, epoch FROM ops.lease WHERE name = ANY ($1::text[]) FOR UPDATE
