-- The only lease table. The epoch rises with every acquisition and never falls, so that a sink can tell a zombie.
CREATE TABLE ops.lease (
  name text PRIMARY KEY,
  owner text NOT NULL,
  epoch bigint NOT NULL CHECK (epoch > 0),
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE ops.lease IS 'Who owns a shard, a part or a membership, on the database clock; see the lease rules in the design.';
