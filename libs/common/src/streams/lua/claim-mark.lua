-- KEYS: mark (hash of epoch, previous, count, mark).  ARGV: epoch (fixed width).
-- Reply, flat: 'fenced', epoch | 'claimed', previous epoch, count, mark ('' when nothing was ever published).
--
-- `previous` is kept, so that a claim repeated after a lost reply answers as the first one did.
local stored = redis.call('HMGET', KEYS[1], 'epoch', 'previous', 'count', 'mark')
local epoch, previous = stored[1], stored[2] or '0'
if epoch and ARGV[1] < epoch then return {'fenced', epoch} end
if epoch ~= ARGV[1] then
  previous = epoch or '0'
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'previous', previous)
end
return {'claimed', previous, stored[3] or '0', stored[4] or ''}
