DELETE FROM notification.push_subscription
WHERE id IN (
  SELECT id FROM notification.push_subscription
  WHERE user_id = $1
  ORDER BY coalesce(last_success_at, updated_at) DESC, id DESC
  OFFSET $2
)
