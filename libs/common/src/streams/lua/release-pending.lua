-- KEYS: stream.  ARGV: group, consumer, least idle time in ms, most entries, idle time that they get in ms.
-- Reply: ids that were let go.
local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local listed = redis.pcall('XPENDING', stream, group, 'IDLE', ARGV[3], '-', '+', ARGV[4], consumer)
if listed.err then
  if string.find(listed.err, 'NOGROUP', 1, true) then return {} end
  return listed
end
local ids = {}
for _, item in ipairs(listed) do
  -- JUSTID leaves the count of deliveries as it is: nobody was given anything.
  redis.call('XCLAIM', stream, group, consumer, 0, item[1], 'IDLE', ARGV[5], 'JUSTID')
  ids[#ids + 1] = item[1]
end
return ids
