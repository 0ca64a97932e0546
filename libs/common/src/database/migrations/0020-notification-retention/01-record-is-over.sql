-- Whether a record may go: routed, not touched since `cutoff`, no route under way, none that a route under way will tell
-- of, and no dead letter.
CREATE FUNCTION notification.record_is_over(record_id uuid, cutoff timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (SELECT FROM notification.record AS r WHERE r.notification_id = record_id AND r.state = 'routed')
  AND NOT EXISTS (
    SELECT FROM notification.route AS o
    WHERE o.notification_id = record_id
      AND (o.state IN ('pending', 'scheduled', 'publishing', 'retrying') OR o.updated_at >= cutoff
        OR EXISTS (SELECT FROM notification.dead_letter AS d WHERE d.route_id = o.route_id)
        OR EXISTS (SELECT FROM notification.route AS lead
                   WHERE lead.route_id = o.folded_into
                     AND lead.state IN ('pending', 'scheduled', 'publishing', 'retrying'))))
$$;
REVOKE ALL ON FUNCTION notification.record_is_over(uuid, timestamptz) FROM PUBLIC;
