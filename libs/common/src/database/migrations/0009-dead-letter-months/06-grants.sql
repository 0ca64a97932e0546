GRANT SELECT, INSERT ON outbox.dead_letter TO odograph_relay;
GRANT SELECT, UPDATE (resolved_at, resolution), DELETE ON outbox.dead_letter TO odograph_ops;
GRANT EXECUTE ON FUNCTION outbox.ensure_dead_letter_months(integer), outbox.drop_dead_letter_months(interval)
  TO odograph_relay, odograph_ops;
