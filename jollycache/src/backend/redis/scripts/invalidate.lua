-- Drops value and lease, or whatever else is there; an intent stays, for it has neither.
-- KEYS[1] the key.
-- Returns 1 if a value was dropped, else 0.

local _, kind = load()
if kind ~= 'I' then
  redis.call('DEL', KEY)
end
publish(CHANGED)
return kind == 'V' and 1 or 0
