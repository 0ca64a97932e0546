-- KEYS: stream.  Reply: 1 where it is gone, 0 where a group needs it still.
local stream = KEYS[1]
if redis.call('EXISTS', stream) == 0 then return 1 end
local groups = redis.call('XINFO', 'GROUPS', stream)
-- A stream that no group has read may have entries that nobody has seen.
if #groups == 0 and redis.call('XLEN', stream) > 0 then return 0 end
for _, group in ipairs(groups) do
  local info = {}
  for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
  if info['pending'] > 0 then return 0 end
  if #redis.call('XRANGE', stream, '(' .. info['last-delivered-id'], '+', 'COUNT', 1) > 0 then return 0 end
end
redis.call('DEL', stream)
return 1
