-- Every app compares the applied migrations with those of its build before it starts.
GRANT SELECT ON public.odograph_migration
  TO odograph_processor, odograph_relay, odograph_notification, odograph_ops, odograph_readonly
