-- The roster of a namespace's near caches: what protocol/near/roster.rs does to a Roster.
-- KEYS[1] the roster, a hash: 'run', 'epoch', 'settled' ('0' or '1'), 'number'; and by the process's token (16 bytes) each
-- member: its incarnation (16), the number when it last renewed its right (6), its lease in ms (6).
-- ARGV[1] 'renew': [2] the process, [3] its incarnation or '', [4] a fresh token, [5] its lease in ms, [6] the epoch before
-- which no right is left, or ''. Returns 'kept', 'new' or 'refused', the epoch and the number.
-- ARGV[1] 'announce': [2] a fresh token, [3] what is published, [4] '1' where the caller expects a roster. Returns false
-- where no process can be a member, else the epoch, the number, 1 or 0 for settled, and the members.
-- ARGV[1] 'expel': [2] the epoch and [3] the number of an announcement, [4] '1' if its epoch is settled, [5] and so on: the
-- incarnations that did not acknowledge it. Returns 1.

-- The constants of protocol/near/mod.rs.
local MAX_MEMBERS, MAX_LEASE_MS = 1024, 2000
local FIELDS = 4
-- As topics are named; pubsub/listeners.rs has the same prefix.
local CHANNEL = 'jollycache/' .. KEY

-- Foreign data under the name is an error, which is no run.
local run = redis.pcall('HGET', KEY, 'run')

local function begin_anew(epoch)
  redis.call('DEL', KEY)
  redis.call('HSET', KEY, 'run', RUN, 'epoch', epoch, 'settled', '0', 'number', '0')
end

-- A server that is full deletes, and lets a script that has written go on.
local function write_when_full()
  redis.call('HDEL', KEY, '')
end

local function each_member(visit)
  local all = redis.call('HGETALL', KEY)
  for index = 1, #all, 2 do
    if #all[index] == ID_BYTES then
      visit(all[index], all[index + 1])
    end
  end
end

local function renew(member, own, fresh, lease_ms, settles)
  if run ~= RUN then
    begin_anew(fresh)
  end
  local epoch, number = unpack(redis.call('HMGET', KEY, 'epoch', 'number'))
  if settles == epoch then
    redis.call('HSET', KEY, 'settled', '1')
  end
  local held = redis.call('HGET', KEY, member)
  local incarnation = held and string.sub(held, 1, ID_BYTES)
  local standing = incarnation == own and 'kept' or 'new'
  if standing == 'new' then
    incarnation = fresh
    if not held and redis.call('HLEN', KEY) - FIELDS >= MAX_MEMBERS then
      return { 'refused', epoch, number }
    end
  end
  local lease = math.min(lease_ms, MAX_LEASE_MS)
  write_when_full()
  redis.call('HSET', KEY, member, incarnation .. packed(tonumber(number)) .. packed(lease))
  return { standing, epoch, number }
end

local function announce(fresh, message, expected)
  if run == false and not expected and redis.call('PUBSUB', 'NUMSUB', CHANNEL)[2] == 0 then
    return false
  end
  if run ~= RUN then
    begin_anew(fresh)
  end
  local epoch, settled = unpack(redis.call('HMGET', KEY, 'epoch', 'settled'))
  if settled == '1' and redis.call('HLEN', KEY) == FIELDS then
    return false
  end
  write_when_full()
  local number = redis.call('HINCRBY', KEY, 'number', 1)
  redis.call('PUBLISH', CHANNEL, epoch .. packed(number) .. message)
  local members = {}
  each_member(function(member, held)
    table.insert(members, member .. held)
  end)
  return { epoch, number, tonumber(settled), members }
end

local function expel(epoch, number, settles, first)
  if run ~= RUN or redis.call('HGET', KEY, 'epoch') ~= epoch then
    return 1
  end
  if settles then
    redis.call('HSET', KEY, 'settled', '1')
  end
  local named = {}
  for index = first, #ARGV do
    named[ARGV[index]] = true
  end
  each_member(function(member, held)
    local has_renewed_since = millis_at(held, ID_BYTES + 1) >= number
    if named[string.sub(held, 1, ID_BYTES)] and not has_renewed_since then
      redis.call('HDEL', KEY, member)
    end
  end)
  return 1
end

if ARGV[1] == 'renew' then
  return renew(ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6])
elseif ARGV[1] == 'announce' then
  return announce(ARGV[2], ARGV[3], ARGV[4] == '1')
else
  return expel(ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1', 5)
end
