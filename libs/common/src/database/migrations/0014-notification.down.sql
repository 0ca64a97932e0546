DROP TABLE notification.dead_letter_resolution, notification.sink, notification.allowance, notification.collapse,
  notification.route_decision, notification.quiet_hours, notification.preference;
REVOKE INSERT ON notification.route FROM odograph_ops;
REVOKE UPDATE (state, reason, attempts, next_attempt_at, lease_token, leased_until, updated_at) ON notification.route FROM odograph_ops;
REVOKE UPDATE (state, routed_at, next_lookup_at, lookups, last_lookup_error) ON notification.record FROM odograph_notification;
-- States that were not known before: what waits is due at once, what was decided against is skipped.
ALTER TABLE notification.route DROP CONSTRAINT route_state_ck, DROP CONSTRAINT route_reason_ck, DROP CONSTRAINT route_schedule_ck,
  DROP CONSTRAINT route_folded_ck, DROP CONSTRAINT route_email_address_ck;
DROP INDEX notification.route_due_idx;
DROP INDEX notification.route_leased_idx;
DROP INDEX notification.route_fold_uq;
DROP INDEX notification.route_published_idx;
UPDATE notification.route SET state = 'pending', reason = NULL WHERE state = 'scheduled';
UPDATE notification.route SET state = 'skipped' WHERE state IN ('superseded', 'expired');
ALTER TABLE notification.route
  DROP COLUMN lane, DROP COLUMN collapse_key, DROP COLUMN timezone, DROP COLUMN units, DROP COLUMN fold_key,
  DROP COLUMN folded_into, DROP COLUMN admitted_at, DROP COLUMN replay_of,
  ADD CONSTRAINT route_state_check CHECK (state IN ('pending', 'publishing', 'retrying', 'published', 'skipped', 'dead_lettered')),
  ADD CONSTRAINT route_reason_ck CHECK ((state IN ('skipped', 'dead_lettered')) = (reason IS NOT NULL)),
  ADD CONSTRAINT route_schedule_ck CHECK ((state IN ('pending', 'retrying')) = (next_attempt_at IS NOT NULL)),
  ADD CONSTRAINT route_email_address_ck CHECK (channel <> 'email' OR state = 'skipped' OR address IS NOT NULL);
CREATE INDEX route_due_idx ON notification.route (channel, next_attempt_at) WHERE state IN ('pending', 'retrying');
CREATE INDEX route_leased_idx ON notification.route (channel, leased_until) WHERE state = 'publishing';
-- A record that still waits for its recipients keeps having no routes; intents that are sent again change nothing.
ALTER TABLE notification.record DROP COLUMN state, DROP COLUMN routed_at, DROP COLUMN next_lookup_at, DROP COLUMN lookups,
  DROP COLUMN last_lookup_error;
ALTER TABLE notification.user_account DROP COLUMN units;
