-- For a batch that is expected to hold no repeats: one of them fails the statement, and the transaction is done again with
-- insert-positions.sql. ON CONFLICT costs a second look into the index, a lock and a second log record for each row, which
-- is as much as the row itself.
INSERT INTO telemetry.position ({columns})
SELECT {arrays}
