-- Replaces a tag's id by another one, in one step, where it has one of this run. Without one it is invalid already.
-- KEYS[1] the tag. ARGV[1] the new id.
-- Returns the id that it had, or false.

local id = tag_id(redis.pcall('GET', KEY))
if id then
  redis.call('SET', KEY, ARGV[1] .. RUN, 'KEEPTTL')
end
return id
