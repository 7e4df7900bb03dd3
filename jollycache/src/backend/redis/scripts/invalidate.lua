-- Removes value and lease, or whatever else is there; an intent has neither, and stays, but its writers store nothing.
-- KEYS[1] the key. ARGV[1] grace in ms: how long nothing is filled.
-- Returns 1 if there was a value, else 0.

local now, grace_ms = now_ms(), tonumber(ARGV[1])
local record, kind = load(now)
if kind == 'I' then
  poison(record, now + grace_ms, now)
else
  evict(record, kind, grace_ms, now)
end
publish(CHANGED)
return kind == 'V' and 1 or 0
