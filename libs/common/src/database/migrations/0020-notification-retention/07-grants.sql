GRANT EXECUTE ON FUNCTION notification.delete_records(interval, integer, text[]),
  notification.delete_dead_letters(interval, integer), notification.delete_malformed_intents(interval, integer),
  notification.delete_collapse(interval, integer, text[]), notification.delete_allowances(interval, integer, text[])
  TO odograph_notification;
