-- KEYS: stream, one key per message that remembers its entry id.
-- ARGV: window in ms, then for every message: number of fields and values, each of them.
-- Reply, flat, two a message: 'new' | 'known' | 'refused', entry id or the server's words.
local stream, window = KEYS[1], ARGV[1]
local reply, at = {}, 2
for i = 2, #KEYS do
  local n = tonumber(ARGV[at])
  local known = redis.call('GET', KEYS[i])
  if known then
    reply[#reply + 1], reply[#reply + 2] = 'known', known
  else
    local id = redis.pcall('XADD', stream, '*', unpack(ARGV, at + 1, at + n))
    if type(id) == 'table' then
      reply[#reply + 1], reply[#reply + 2] = 'refused', id.err
    else
      redis.call('SET', KEYS[i], id, 'PX', window, 'NX')
      reply[#reply + 1], reply[#reply + 2] = 'new', id
    end
  end
  at = at + 1 + n
end
return reply
