-- The remaining lifetime of a value; leases and intents have none.
-- KEYS[1] the key.
-- Returns ms, or -1 without a value.

local _, kind = load(now_ms())
if kind ~= 'V' then
  return -1
end
return redis.call('PTTL', KEY)
