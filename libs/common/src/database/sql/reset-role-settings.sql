DO $$
DECLARE
  app text;
BEGIN
  FOREACH app IN ARRAY ARRAY['odograph_processor', 'odograph_relay', 'odograph_notification'] LOOP
    EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', app, current_database());
  END LOOP;
END
$$
