-- A batch of one channel's lane under one token: routes whose holder went silent, and due ones in equal shares for the
-- tenants that have any. Tenants are found by jumping through the index from one to the next, $6 being where the last
-- claim stopped if there were more than could be asked; `last_tenant` is where this one did.
-- statement_timestamp() bounds the index where clock_timestamp() would only filter what it gives: the routes of a quiet
-- night that are due tomorrow would be read by every claim. ctid finds the row that is locked again without an index.
-- The attempt counts now: a publisher that dies on a route each time must run out of attempts as well.
-- The arrays bound what the planner thinks of the batch: it took a share for a tenth of the table and read all of it.
-- One row without a route where nothing is due.
WITH RECURSIVE tenant AS (
  (
    SELECT tenant_id, next_attempt_at
    FROM notification.route
    WHERE channel = $1 AND lane = $2 AND state IN ('pending', 'scheduled', 'retrying') AND tenant_id > $6
    ORDER BY tenant_id, next_attempt_at
    LIMIT 1
  )
  UNION ALL
  SELECT next.tenant_id, next.next_attempt_at
  FROM tenant
  CROSS JOIN LATERAL (
    SELECT tenant_id, next_attempt_at
    FROM notification.route
    WHERE channel = $1 AND lane = $2 AND state IN ('pending', 'scheduled', 'retrying') AND tenant_id > tenant.tenant_id
    ORDER BY tenant_id, next_attempt_at
    LIMIT 1
  ) AS next
), visited AS MATERIALIZED (
  SELECT tenant_id, next_attempt_at FROM tenant LIMIT $3
), due_tenant AS MATERIALIZED (
  SELECT tenant_id, ceil($3::float8 / count(*) OVER ())::bigint AS share
  FROM visited
  WHERE next_attempt_at <= statement_timestamp()
), due AS MATERIALIZED (
  SELECT turn.ctid, turn.state
  FROM due_tenant
  CROSS JOIN LATERAL (
    SELECT route.ctid, route.state
    FROM notification.route
    WHERE channel = $1 AND lane = $2 AND state IN ('pending', 'scheduled', 'retrying')
      AND tenant_id = due_tenant.tenant_id AND next_attempt_at <= statement_timestamp()
    ORDER BY next_attempt_at
    LIMIT due_tenant.share
    FOR UPDATE SKIP LOCKED
  ) AS turn
), silent AS MATERIALIZED (
  SELECT route.ctid, route.state
  FROM notification.route
  WHERE channel = $1 AND lane = $2 AND state = 'publishing' AND leased_until < statement_timestamp()
  ORDER BY leased_until
  LIMIT greatest(1, $3 / 4)
  FOR UPDATE SKIP LOCKED
), chosen AS MATERIALIZED (
  SELECT * FROM due UNION ALL SELECT * FROM silent
), claimed AS (
  UPDATE notification.route AS route
  SET state = 'publishing', reason = NULL, lease_token = $4,
    leased_until = clock_timestamp() + $5 * interval '1 millisecond',
    attempts = route.attempts + 1, next_attempt_at = NULL, updated_at = now()
  FROM unnest(ARRAY(SELECT chosen.ctid FROM chosen), ARRAY(SELECT chosen.state FROM chosen)) AS chosen (ctid, state)
  JOIN notification.record AS record ON true
  WHERE route.ctid = chosen.ctid AND record.notification_id = route.notification_id
  RETURNING route.route_id, route.notification_id, route.tenant_id, route.channel, route.lane, route.recipient,
    route.address, route.locale, route.timezone, route.units, route.collapse_key, route.fold_key,
    round(date_part('epoch', route.admitted_at) * 1000) AS admitted_at_ms,
    route.attempts, route.max_attempts, chosen.state IN ('retrying', 'publishing') AS in_doubt,
    round(date_part('epoch', clock_timestamp()) * 1000000) AS claimed_at_us,
    record.notification_type, record.idempotency_key, record.subject, record.payload::text AS payload_json,
    record.request_id, record.trace_id, record.traceparent,
    round(date_part('epoch', record.occurred_at) * 1000) AS occurred_at_ms,
    round(date_part('epoch', record.expires_at) * 1000) AS expires_at_ms,
    round(date_part('epoch', record.accepted_at) * 1000) AS accepted_at_ms
)
SELECT asked.last_tenant, claimed.*
FROM (SELECT CASE WHEN count(*) = $3 THEN max(tenant_id) END AS last_tenant FROM visited) AS asked
LEFT JOIN claimed ON true
