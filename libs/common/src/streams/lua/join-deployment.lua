-- KEYS: value, members (sorted set of ids by the time that their membership ends).
-- ARGV: value, member ('' for none), time to live in ms.  Reply: the value that stands.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
if ARGV[2] ~= '' then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
  redis.call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[3])), ARGV[2])
end
return redis.call('GET', KEYS[1])
