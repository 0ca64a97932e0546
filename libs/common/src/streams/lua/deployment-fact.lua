-- KEYS: value, members.  ARGV: nothing to look, or the new value, which is set where nobody is listed.
-- Reply, flat: 1 where a value stood, the value before or '', then the members.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local members = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', now), '+inf')
local value = redis.call('GET', KEYS[1])
if ARGV[1] and #members == 0 then redis.call('SET', KEYS[1], ARGV[1]) end
local reply = {value and 1 or 0, value or ''}
for _, member in ipairs(members) do reply[#reply + 1] = member end
return reply
