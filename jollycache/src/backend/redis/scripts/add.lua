-- Adds to a counter.
-- KEYS[1] the counter. ARGV[1] what to add, [2] lifetime in ms of a new counter, or ''.
-- Returns the sum as text (a number of Lua is a double and loses digits beyond 2^53), or nil where it would
-- overflow.

local made = redis.call('EXISTS', KEY) == 0
local sum = redis.pcall('INCRBY', KEY, ARGV[1])
if type(sum) == 'table' then
  if string.find(sum.err, 'overflow', 1, true) then
    return false
  end
  return sum
end
if made and ARGV[2] ~= '' then
  redis.call('PEXPIRE', KEY, ARGV[2])
end
return redis.call('GET', KEY)
