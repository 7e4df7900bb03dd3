-- Gives a value a new lifetime from now, without a stale window.
-- KEYS[1] the key. ARGV[1] ttl in ms.
-- Returns 1 if there was a value, else 0.

local _, kind = load(now_ms())
if kind ~= 'V' then
  return 0
end
local ttl_ms = tonumber(ARGV[1])
-- The header first: an expiry of zero deletes the key.
redis.call('SETRANGE', KEY, 16, packed(now_ms() + ttl_ms))
redis.call('PEXPIRE', KEY, ttl_ms)
return 1
