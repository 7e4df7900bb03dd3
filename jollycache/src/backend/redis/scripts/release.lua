-- Gives a lease back after a failed load; a stale value under it stays, with its lifetime.
-- KEYS[1] the key. ARGV[1] token.
-- Returns 1 if the lease was there, 0 if not.

local now = now_ms()
local record, kind = load(now)
if lease_of(record, kind, now) ~= ARGV[1] then
  return 0
end
drop_lease(record, kind, now)
publish(FAILED)
return 1
