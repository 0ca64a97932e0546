-- KEYS: stream, sink (hash of birth, count, id, dedupe), what remembers the entry that was last acknowledged (the sink
-- again where there is none), then one key a message.
-- ARGV: window in ms, birth of a sink that is new, acknowledged birth or '', acknowledged count, acknowledged entry id or
-- '', length of what stands before the dedupe id in a key, then for every message its token, the number of its field
-- names and values (0 seals), each of them.
-- Reply, flat: 'behind', birth or '', count | 'done', birth, count before, count, last entry id or '', its dedupe id or '',
-- then two a message: 'added' | 'known' | 'sealed' | 'stale' | 'refused', entry id or '' or the server's words.
--
-- A key holds the id of the entry, or a colon and the highest token seen of an id that was not added.
local stream, sink, window = KEYS[1], KEYS[2], ARGV[1]
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('HMGET', sink, 'birth', 'count', 'id', 'dedupe')
local birth, count = stored[1], tonumber(stored[2] or '0')

if ARGV[3] ~= '' then
  local behind = birth ~= ARGV[3] or count < tonumber(ARGV[4])
  if not behind and ARGV[5] ~= '' then
    local added_ms = tonumber(string.match(ARGV[5], '^(%d+)'))
    -- Not looked for in the stream, out of which its readers may delete what they have done.
    behind = now_ms - added_ms < tonumber(window) and redis.call('GET', KEYS[3]) ~= ARGV[5]
  end
  if behind then return {'behind', birth or '', string.format('%.0f', count)} end
end

-- The first write: a server that takes none says so before anything is done. And WAIT has one to wait for, behind which
-- stands whatever was known already.
birth = birth or ARGV[2]
redis.call('HSET', sink, 'birth', birth)

local before, id, dedupe = count, stored[3] or '', stored[4] or ''
local answers = {}
local at = 7
for i = 4, #KEYS do
  local key, token, n = KEYS[i], ARGV[at], tonumber(ARGV[at + 1])
  local held = redis.call('GET', key)
  local kind, word
  if held and string.byte(held) ~= 58 then
    kind, word = 'known', held
  elseif held and tonumber(string.sub(held, 2)) > tonumber(token) then
    kind, word = 'stale', ''
  elseif n == 0 then
    redis.call('SET', key, ':' .. token, 'PX', window)
    kind, word = 'sealed', ''
  else
    local added = redis.pcall('XADD', stream, '*', unpack(ARGV, at + 2, at + 1 + n))
    if type(added) == 'table' then
      redis.call('SET', key, ':' .. token, 'PX', window)
      kind, word = 'refused', added.err
    else
      redis.call('SET', key, added, 'PX', window)
      kind, word = 'added', added
      count = count + 1
      id, dedupe = added, string.sub(key, tonumber(ARGV[6]) + 1)
    end
  end
  answers[#answers + 1], answers[#answers + 2] = kind, word
  at = at + 2 + n
end
if count > before then
  redis.call('HSET', sink, 'count', string.format('%.0f', count), 'id', id, 'dedupe', dedupe)
end
local reply = {'done', birth, string.format('%.0f', before), string.format('%.0f', count), id, dedupe}
for i = 1, #answers do reply[i + 6] = answers[i] end
return reply
