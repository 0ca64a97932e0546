-- Of the recipients and events of a claimed batch whatever deviates from "publish": in one row, and next to nothing where
-- nobody has said anything.
SELECT
  (
    SELECT coalesce(json_agg(preference), '[]')
    FROM notification.preference
    WHERE tenant_id = ANY ($1::text[]) AND user_id = ANY ($2::text[] || '*'::text)
      AND notification_type = ANY ($3::text[] || '*'::text) AND channel IN ($4, '*')
  ) AS preferences,
  (
    SELECT coalesce(json_agg(json_build_object(
      'user_id', quiet.user_id, 'starts_at', quiet.starts_at::text, 'ends_at', quiet.ends_at::text,
      'weekdays', quiet.weekdays, 'timezone', quiet.timezone, 'account_timezone', account.timezone)), '[]')
    FROM notification.quiet_hours AS quiet
    LEFT JOIN notification.user_account AS account USING (user_id)
    WHERE quiet.user_id = ANY ($2::text[])
  ) AS quiet_hours,
  (
    SELECT coalesce(json_agg(json_build_object('user_id', user_id, 'removed', removed_at IS NOT NULL)), '[]')
    FROM notification.user_account
    WHERE user_id = ANY ($2::text[]) AND (NOT enabled OR removed_at IS NOT NULL)
  ) AS closed_accounts,
  (
    SELECT coalesce(json_agg(json_build_object('route_id', asked.route_id,
      'notification_id', collapse.newest_notification_id,
      'occurred_at_ms', extract(epoch FROM collapse.newest_occurred_at) * 1000)), '[]')
    FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::uuid[])
      AS asked (route_id, tenant_id, recipient, collapse_key, notification_id)
    JOIN notification.collapse
      ON collapse.tenant_id = asked.tenant_id AND collapse.channel = $4 AND collapse.recipient = asked.recipient
      AND collapse.collapse_key = asked.collapse_key AND collapse.newest_notification_id <> asked.notification_id
  ) AS newer
