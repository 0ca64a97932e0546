REVOKE UPDATE ON outbox.generation, outbox.cursor FROM odograph_ops;
DROP TABLE outbox.retry, outbox.pause, outbox.replay;
