-- Gives a tag an id, where it has none, and extends its lifetime to what a load may take; a fill extends it to that of the
-- stored value.
-- KEYS[1] the tag. ARGV[1] the new id, [2] its lifetime in ms.
-- Returns the id, or false for a closed tag, which tag.lua describes.

local held = redis.pcall('GET', KEY)
local id = tag_id(held)
if id then
  redis.call('PEXPIRE', KEY, ARGV[2], 'GT')
  return id
elseif type(held) == 'table' and redis.call('TYPE', KEY).ok == 'zset' then
  local last_end = redis.call('ZRANGE', KEY, -1, -1, 'WITHSCORES')[2]
  if tonumber(last_end) > now_ms() then
    return false
  end
end
redis.call('SET', KEY, ARGV[1] .. RUN, 'PX', ARGV[2])
return ARGV[1]
