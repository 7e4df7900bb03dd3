-- Announces a write: value and lease are removed, and nothing is stored under the key until the write ends.
-- KEYS[1] the key. ARGV[1] region (4 bytes), [2] token, [3] ttl in ms.
-- Returns 1.

local MAX_WRITERS = 64

local now = now_ms()
local record, kind = load(now)
-- Replacing the writer's own announcement makes the request idempotent under retry.
local others, last_end = other_writers(record, kind, ARGV[2], now)
-- Which of two writers committed last is unknown, so neither of them may store.
local poisoned = others ~= '' and 1 or kind == 'I' and string.byte(record, 31) or 0
local closed_until = kind == 'I' and closed_of(record, kind) or math.max(closed_of(record, kind), now)
if #others >= MAX_WRITERS * WRITER_BYTES then
  -- The first writer is no longer listed, so only its own deadline ends it.
  closed_until = math.max(closed_until, millis_at(others, 1))
  others = string.sub(others, WRITER_BYTES + 1)
end
local until_ms = now + tonumber(ARGV[3])
local writers = others .. packed(until_ms) .. ARGV[2]
put_intent(ARGV[1], writers, math.max(last_end, until_ms), poisoned, closed_until, floor_of(record, kind), now)
return 1
