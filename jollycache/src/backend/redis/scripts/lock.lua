-- Takes, extends or releases a lock. A lock is '\202K', the fence of its last owner (8), when that one ends, in ms
-- (8), and its token (16); without an owner the last two are zero. The record outlives the lock, to keep the fence.
-- KEYS[1] the lock. ARGV[1] 'acquire', 'extend' or 'release', [2] the owner's token, [3] ttl in ms.
-- Returns {fence, remaining ms}; the fence is zero if the lock is not the caller's.

-- A fence is at least the time in us, so a lost record costs nothing unless the clock is set back meanwhile. This
-- is how far back the records reach.
local FENCE_MEMORY_MS = 86400000
local LOCK_BYTES = 34
local LOCK = '\202K'
local NO_OWNER = string.rep('\0', 16)

local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)
local fence, until_ms, owner = 0, 0, NO_OWNER
local record = redis.pcall('GET', KEY)
if type(record) == 'string' and #record == LOCK_BYTES and string.sub(record, 1, 2) == LOCK then
  fence, until_ms = struct.unpack('>I8I8', record, 3)
  owner = string.sub(record, 19)
end
local held = until_ms > now
local mine = held and owner == ARGV[2]

local function write(next_until, next_owner)
  if mine then
    -- A server that is full deletes, and lets a script that has written go on: an owner is not locked in.
    redis.call('DEL', KEY)
  end
  local lock = LOCK .. struct.pack('>I8I8', fence, next_until) .. next_owner
  redis.call('SET', KEY, lock, 'PX', math.max(next_until - now, 0) + FENCE_MEMORY_MS)
end

if ARGV[1] == 'acquire' and held and not mine then
  return {0, until_ms - now}
elseif ARGV[1] ~= 'acquire' and not mine then
  return {0, 0}
elseif ARGV[1] == 'release' then
  write(0, NO_OWNER)
  publish(CHANGED)
  return {fence, 0}
end
if not mine then
  fence = math.max(fence + 1, now_us)
end
write(now + tonumber(ARGV[3]), ARGV[2])
return {fence, tonumber(ARGV[3])}
