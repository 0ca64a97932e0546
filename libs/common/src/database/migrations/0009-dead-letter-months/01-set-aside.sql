-- Names of indexes and sequences belong to the schema: the old ones make room for those of the partitioned table.
ALTER TABLE outbox.dead_letter RENAME TO dead_letter_whole;
ALTER INDEX outbox.dead_letter_pkey RENAME TO dead_letter_whole_pkey;
ALTER INDEX outbox.dead_letter_failed_idx RENAME TO dead_letter_whole_failed_idx;
ALTER INDEX outbox.dead_letter_retry_idx RENAME TO dead_letter_whole_retry_idx;
ALTER SEQUENCE outbox.dead_letter_id_seq RENAME TO dead_letter_whole_id_seq;
