-- Roles belong to the whole server, so another database may have made them already. They log in without a password
-- until the deployer sets one. Their settings in this database are no part of the schema: every `migrate up` sees to
-- them, since a database restored or copied under another name comes without.
DO $$
DECLARE
  app text;
BEGIN
  FOREACH app IN ARRAY ARRAY['processor', 'relay', 'notification', 'ops', 'readonly'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'odograph_' || app) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I LOGIN', 'odograph_' || app);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database's migration was faster
      END;
    END IF;
  END LOOP;
END
$$;
