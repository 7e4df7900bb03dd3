-- Returns a lease after a failed load; a stale value under it stays, with its lifetime. A lease that was taken
-- over stays with its new holder.
-- KEYS[1] the key. ARGV[1] token.
-- Returns 1 if the lease existed, 0 if not.

local now = now_ms()
local record, kind = load(now)
local holder = lease_granted(record, kind, ARGV[1], now)
if not holder then
  return 0
end
if holder == ARGV[1] then
  drop_lease(record, kind, now)
  publish(FAILED)
end
return 1
