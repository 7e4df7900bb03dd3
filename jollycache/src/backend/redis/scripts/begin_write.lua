-- Announces a write: value and lease fall, and nothing is stored under the key until the write ends.
-- KEYS[1] the key. ARGV[1] region (4 bytes), [2] token, [3] ttl in ms.
-- Returns 1.

local now = now_ms()
local until_ms, writers, poisoned = now + tonumber(ARGV[3]), 1, 0
local record, kind = load()
local floor = floor_of(record, kind)
if kind == 'I' then
  -- Which of two writers committed last is unknown, so neither of them may store.
  until_ms = math.max(until_ms, millis_at(record, 7))
  writers = math.min(string.byte(record, 39) + 1, 255)
  poisoned = 1
end
local intent = MAGIC .. 'I' .. ARGV[1] .. struct.pack('>I8', until_ms) .. ARGV[2] .. floor
redis.call('SET', KEY, intent .. string.char(writers, poisoned), 'PX', math.max(until_ms - now, 1))
publish(CHANGED)
return 1
