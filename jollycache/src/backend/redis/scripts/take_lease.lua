-- Takes the lease for a value that is to be stored whatever is there, unless there is an intent. A live lease
-- is taken over with its lineage, so that its holder may fill until the new one has.
-- KEYS[1] the key. ARGV[1] region (4 bytes), [2] token (16), [3] lease ttl in ms.
-- Returns the token to fill with, or false.

local now = now_ms()
local record, kind = load(now)
if kind == 'I' then
  return false
end
local holder = lease_of(record, kind, now)
local token = ARGV[2]
if holder then
  token = string.sub(holder, 1, LINEAGE_BYTES) .. string.sub(token, LINEAGE_BYTES + 1)
end
local ttl_ms = tonumber(ARGV[3])
-- A value that ended before the lease would take the lease along.
if kind == 'V' and redis.call('PTTL', KEY) >= ttl_ms then
  lease_in_place(record, now + ttl_ms, token)
else
  local closed_until = closed_of(record, kind)
  closed_until = closed_until > now and closed_until or 0
  put_lease(ARGV[1], now + ttl_ms, token, closed_until, floor_of(record, kind), now)
end
return token
