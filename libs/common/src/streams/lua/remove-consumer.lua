-- KEYS: stream.  ARGV: group, consumer.  Removes a consumer that holds nothing: one that does would lose it.
local listed = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if listed.err then return 0 end
for _, item in ipairs(listed) do
  local info = {}
  for i = 1, #item, 2 do info[item[i]] = item[i + 1] end
  if info['name'] == ARGV[2] and info['pending'] == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    return 1
  end
end
return 0
