-- transaction_timeout stays below the lease time (10 s by default): an app that is frozen inside a transaction must not
-- outlive its lease there, and no timeout ends a COPY FROM STDIN. What a deployer has set for a role stays as it is.
-- The relay reads the outbox in index order only. Without statistics (a ring slot is new every hour) the planner sorts
-- what a scan of whole slots gives, and a plan that was cached then stays: tried, 15 times slower and falling behind.
-- It plans each statement once a connection: a plan over all ring slots takes as long as reading hundreds of messages, and
-- with a plan of its own for the first five runs every new connection, and every reclaimed slot, would cost that again.
-- The processor reads in index order too: it plans its statements while its tables are new and empty, and keeps the plans
-- for days.
DO $$
DECLARE
  app text;
  wanted record;
BEGIN
  FOREACH app IN ARRAY ARRAY['odograph_processor', 'odograph_relay', 'odograph_notification'] LOOP
    FOR wanted IN SELECT * FROM (VALUES
        ('odograph_', 'transaction_timeout', '8s'), ('odograph_', 'lock_timeout', '5s'), ('odograph_', 'timezone', 'UTC'),
        ('odograph_relay', 'enable_seqscan', 'off'), ('odograph_relay', 'enable_sort', 'off'),
        ('odograph_relay', 'plan_cache_mode', 'force_generic_plan'),
        ('odograph_processor', 'enable_seqscan', 'off'), ('odograph_processor', 'enable_sort', 'off')
      ) AS t (roles, name, value) WHERE starts_with(app, roles) LOOP
      CONTINUE WHEN EXISTS (
        SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS existing
        WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND s.setrole = app::regrole
          AND lower(split_part(existing, '=', 1)) = wanted.name);
      EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L', app, current_database(), wanted.name, wanted.value);
    END LOOP;
  END LOOP;
END
$$
