-- The copies keep their ids, and the next letter gets one behind them.
INSERT INTO outbox.dead_letter OVERRIDING SYSTEM VALUE SELECT * FROM outbox.dead_letter_whole;
SELECT setval(pg_get_serial_sequence('outbox.dead_letter', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM outbox.dead_letter), false);
SELECT outbox.ensure_dead_letter_months(1);
DROP TABLE outbox.dead_letter_whole;
