-- Gives a tag an id, where it has none, and its id a new lifetime: what is about to carry the tag must not outlive it.
-- KEYS[1] the tag. ARGV[1] the new id, [2] its lifetime in ms.
-- Returns what the tag held: its id (16 bytes), what tag.lua says of a closed one, or nil.

local ID_BYTES = 16

local held = redis.pcall('GET', KEY)
if not held then
  redis.call('SET', KEY, ARGV[1], 'PX', ARGV[2])
elseif type(held) == 'string' and #held == ID_BYTES then
  -- A closed tag ends when its writers do.
  redis.call('PEXPIRE', KEY, ARGV[2])
end
return held
