DROP TABLE outbox.dead_letter;
