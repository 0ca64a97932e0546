-- KEYS: stream, sink (hash of birth, count, id, dedupe), what remembers the entry that was last acknowledged (the sink
-- again where there is none), then one key a message.
-- ARGV: window in ms, birth of a sink that is new, acknowledged birth or '', acknowledged count, acknowledged entry id or
-- '', length of what stands before the dedupe id in a key, the messages as one MessagePack array (of each its token,
-- behind a '!' where it seals, the number of its shape from 1, and the values of that shape's fields), then for every
-- shape the number of its field names and each of them.
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

-- Of each shape the whole command, whose values every message of it overwrites.
local commands = {}
local at = 8
while at <= #ARGV do
  local n = tonumber(ARGV[at])
  local command = {'XADD', stream, '*'}
  for field = 1, n do
    command[2 * field + 2] = ARGV[at + field]
    command[2 * field + 3] = ''
  end
  commands[#commands + 1] = command
  at = at + 1 + n
end

local messages = cmsgpack.unpack(ARGV[7])
local before, id, dedupe = count, stored[3] or '', stored[4] or ''
local answers = {}
at = 1
for i = 4, #KEYS do
  local key, token, command = KEYS[i], messages[at], commands[messages[at + 1]]
  local last = #command
  local seals = string.byte(token) == 33
  if seals then token = string.sub(token, 2) end
  local held = redis.call('GET', key)
  local kind, word
  if held and string.byte(held) ~= 58 then
    kind, word = 'known', held
  elseif held and tonumber(string.sub(held, 2)) > tonumber(token) then
    kind, word = 'stale', ''
  elseif seals then
    redis.call('SET', key, ':' .. token, 'PX', window)
    kind, word = 'sealed', ''
  else
    for value = 5, last, 2 do command[value] = messages[at + (value + 1) / 2 - 1] end
    local added = redis.pcall(unpack(command, 1, last))
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
  at = at + 2 + (last - 3) / 2
end
if count > before then
  redis.call('HSET', sink, 'count', string.format('%.0f', count), 'id', id, 'dedupe', dedupe)
end
local reply = {'done', birth, string.format('%.0f', before), string.format('%.0f', count), id, dedupe}
for i = 1, #answers do reply[i + 6] = answers[i] end
return reply
