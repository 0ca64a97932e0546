CREATE TABLE notification.dead_letter_resolution (
  dead_letter_id bigint PRIMARY KEY REFERENCES notification.dead_letter (id) ON DELETE CASCADE,
  resolution text NOT NULL CHECK (resolution IN ('replayed', 'resolved')),
  replayed_as text,
  resolved_by text NOT NULL,
  reason text,
  resolved_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dead_letter_resolution_replay_ck CHECK ((resolution = 'replayed') = (replayed_as IS NOT NULL))
);
COMMENT ON TABLE notification.dead_letter_resolution IS 'What an operator did about a dead letter; the letter itself stays as it was.';
