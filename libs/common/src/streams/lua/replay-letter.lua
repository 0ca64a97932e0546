-- KEYS: dead-letter stream, target stream, what became of this letter.
-- ARGV: letter id, how long the outcome is remembered in ms, target's new field `replay_of`, names left out.
-- Reply, flat: 'replayed' | 'known', entry id | 'gone'.
local letters, target, outcome = KEYS[1], KEYS[2], KEYS[3]
local id, window = ARGV[1], ARGV[2]

local known = redis.call('GET', outcome)
if known then return {'known', known} end
local found = redis.call('XRANGE', letters, id, id)
if #found == 0 then return {'gone'} end

local left_out = {[ARGV[3]] = true}
for i = 4, #ARGV do left_out[ARGV[i]] = true end
local fields, back = found[1][2], {}
for i = 1, #fields, 2 do
  if not left_out[fields[i]] then
    back[#back + 1], back[#back + 2] = fields[i], fields[i + 1]
  end
end
back[#back + 1], back[#back + 2] = ARGV[3], id

-- The first write: where it is refused (memory full) nothing has happened.
local entry = redis.call('XADD', target, '*', unpack(back))
redis.call('SET', outcome, entry, 'PX', window)
redis.call('XDEL', letters, id)
return {'replayed', entry}
