CREATE TABLE notification.route_decision (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  route_id text NOT NULL REFERENCES notification.route (route_id) ON DELETE CASCADE,
  attempt integer NOT NULL,
  decision text NOT NULL CHECK (decision IN ('deferred', 'folded', 'admitted', 'skipped', 'superseded', 'expired', 'retried',
    'returned', 'dead_lettered', 'republished', 'replayed')),
  reason text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE notification.route_decision IS 'Why a route was not simply published: one row a decision, never changed. A route without one was published at its first attempt.';
CREATE INDEX route_decision_route_idx ON notification.route_decision (route_id, id);
