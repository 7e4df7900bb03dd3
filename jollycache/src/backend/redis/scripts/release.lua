-- Gives a lease back after a failed load; a stale value under it stays, with its lifetime.
-- KEYS[1] the key. ARGV[1] token.
-- Returns 1 if the lease was there, 0 if not.

local record, kind = load()
if lease_of(record, kind, now_ms()) ~= ARGV[1] then
  return 0
end
if kind == 'L' then
  redis.call('DEL', KEY)
else
  local flags = flags_of(record)
  local bare = string.sub(record, 1, 22) .. string.char(flags) .. string.sub(record, 24, -TRAILER_BYTES - 1)
  redis.call('SET', KEY, bare, 'KEEPTTL')
end
publish(FAILED)
return 1
