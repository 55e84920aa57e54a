// The script that Redis runs for a batch: everything that is counted for all processes is read and written here, at once.

/** All keys have one hash tag: in a cluster they are at one place. Those that the script makes up are of the same tag. */
export const clockKey = "{headgate}:clock";
export const goneKey = "{headgate}:gone";

/**
 * KEYS[1]: the clock's key. ARGV[1]: the batch (JSON; the names are those of `encodeBatch`).
 *
 * - Time is Redis's own unless the batch brings one. It never goes back: when the clock is set back, it goes on from where it was. Nor
 *   does it go faster than that of the process that asks: a clock that is set forward (by more than what answers
 *   may take) sets nothing free. A process that was not here before can't tell how much time has passed: where others were, no
 *   more than 2 s, since they tell every second. Should they all have ended without a word long ago, what they had used counts for
 *   its time once more.
 * - A window is a hash: `t` all units counted, `h` the first slot that has not left, `e` the last, and the units by the slot they leave in. Each is
 *   touched when it comes and when it leaves; their number is bounded by the slots of a window, and the key expires.
 * - Holdings of concurrency are a hash by process. Those of a process that was not heard of for 10 s are dropped.
 * - An account is a hash: `base` of the ledger, `g` its generation, `v` and `at` of the last change, and by process `s:` spent and `h:`
 *   held. A process not heard of for 10 minutes has no calls left; one in `{headgate}:gone` is known to have none, once the ledger has been read after.
 */
export const leaseScript = `
local P = '{headgate}:'
local m = cjson.decode(ARGV[1])
local call = redis.call
local floor, min, max = math.floor, math.min, math.max

local now = m.t
if not now then
  local t = call('TIME')
  now = tonumber(t[1]) * 1000 + floor(tonumber(t[2]) / 1000)
end
local c = call('HMGET', KEYS[1], 'last', 'offset', 'inc', 'born')
local last, offset, inc, born = tonumber(c[1] or nil), tonumber(c[2] or nil) or 0, c[3], tonumber(c[4] or nil)
now = now + offset
local at = tonumber(call('ZSCORE', P .. 'procs', m.p) or nil)
if m.e and at then
  if now > at + m.e + m.d + 100 then
    offset = offset - (now - at - m.e)
    now = at + m.e
  end
elseif last and now > last + 2000 and call('ZCARD', P .. 'procs') > 0 then
  offset = offset - (now - last - 2000)
  now = last + 2000
end
if last and now < last then
  offset = offset + last - now
  now = last
end

local stored = tonumber(call('HGET', P .. 'seqs', m.p) or nil)
if stored and m.q <= stored then return {'stale'} end
if not inc or (stored and stored < m.a) then
  inc = m.n
  born = now
elseif m.w then
  born = now
end
call('HSET', KEYS[1], 'last', now, 'offset', offset, 'inc', inc, 'born', born)
call('PEXPIRE', KEYS[1], 86400000)
call('HSET', P .. 'seqs', m.p, m.q)
call('ZADD', P .. 'procs', now, m.p)
if m.u ~= nil then
  call('HSET', P .. 'caught', m.p, m.u and 1 or 0)
  if m.o then call('HSET', P .. 'observers', m.p, 1) end
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'procs', '-inf', now - 900000)) do
    call('ZREM', P .. 'procs', id)
    call('HDEL', P .. 'seqs', id)
    call('HDEL', P .. 'caught', id)
    call('HDEL', P .. 'observers', id)
  end
  for _, key in ipairs({'seqs', 'procs', 'caught', 'observers'}) do call('PEXPIRE', P .. key, 86400000) end
end

local seen, processes, observes = {}, 0, {}
for _, id in ipairs(call('HKEYS', P .. 'observers')) do observes[id] = true end
local list = call('ZRANGE', P .. 'procs', 0, -1, 'WITHSCORES')
for i = 1, #list, 2 do
  local at = tonumber(list[i + 1])
  seen[list[i]] = at
  if at > now - 5000 and not observes[list[i]] then processes = processes + 1 end
end
local isEarly = now < born + 3000
processes = max(processes, isEarly and m.P or 1)
if m.i ~= inc then return {'unknown', inc, processes} end

local gone = nil
local function goneAt(id)
  if gone == nil then
    gone = {}
    local all = call('ZRANGE', '${goneKey}', 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do gone[all[i]] = tonumber(all[i + 1]) end
  end
  return gone[id]
end

local function openWindow(r)
  r.K = P .. r.k
  local cur = floor(now / r.s)
  local h = call('HMGET', r.K, 't', 'h', 'e')
  local total, head, tail = tonumber(h[1] or nil) or 0, tonumber(h[2] or nil) or cur + 1, tonumber(h[3] or nil) or 0
  if head <= cur then
    if total <= 0 or cur - head > (r.w + r.f + m.d) / r.s + 4 then
      call('DEL', r.K)
      total = 0
    else
      for slot = head, cur do
        local units = call('HGET', r.K, slot)
        if units then
          total = total - tonumber(units)
          call('HDEL', r.K, slot)
        end
      end
    end
    head = cur + 1
  end
  for _, back in ipairs(r.g) do
    local units = tonumber(call('HGET', r.K, back[1]) or nil)
    if units then
      local less = min(units, back[2])
      total = total - less
      if less == units then call('HDEL', r.K, back[1]) else call('HSET', r.K, back[1], units - less) end
    end
  end
  for _, book in ipairs(r.b) do
    local slot = floor((now - book[1] + r.w) / r.s) + 1
    if slot >= head then
      call('HINCRBY', r.K, slot, book[2])
      total = total + book[2]
      tail = max(tail, slot)
    end
  end
  r.total, r.head, r.tail, r.needed, r.slice = total, head, tail, 0, 0
  r.slot = floor((now + m.d + r.w) / r.s) + 1
  r.sliceSlot = floor((now + r.f + r.w) / r.s) + 1
end

local function windowLeft(r)
  local left = r.l - r.total
  if isEarly then left = min(left, floor(r.l / processes) - r.o) end
  return left
end

local function windowWait(r, amount)
  if amount > r.l then return -1 end
  if r.waitFor == amount and r.waitAt == r.total then return r.wait end
  local left = r.total
  local waited = 0
  if left + amount > r.l then
    for slot = r.head, r.sliceSlot do
      local units = tonumber(call('HGET', r.K, slot) or nil)
      if units then left = left - units end
      if slot == r.slot then left = left - r.needed end
      if left + amount <= r.l then
        waited = slot * r.s - now
        break
      end
    end
    if waited == 0 then waited = r.w end
  end
  if isEarly then waited = max(waited, born + 3000 - now) end
  r.waitFor, r.waitAt, r.wait = amount, r.total, waited
  return waited
end

local function openConcurrency(r)
  r.K = P .. r.k
  local others = 0
  local all = call('HGETALL', r.K)
  for i = 1, #all, 2 do
    local id = all[i]
    if id ~= m.p then
      if (seen[id] or 0) > now - 10000 then others = others + tonumber(all[i + 1]) else call('HDEL', r.K, id) end
    elseif r.look then
      others = others + tonumber(all[i + 1])
    end
  end
  r.others, r.mine, r.slice = others, r.o, 0
  if r.look then r.mine = 0 end
end

local function concurrencyLeft(r)
  local left = r.l - r.others - r.mine
  if isEarly then left = min(left, floor(r.l / processes) - r.mine) end
  return left
end

local function openBudget(r)
  r.K = P .. r.k
  local base, generation, version, at, mine = nil, nil, 0, now, nil
  local spent, held, folded = 0, 0, 0
  local all = call('HGETALL', r.K)
  for i = 1, #all, 2 do
    local field, value = all[i], all[i + 1]
    if field == 'base' then base = tonumber(value)
    elseif field == 'g' then generation = value
    elseif field == 'v' then version = tonumber(value)
    elseif field == 'at' then at = tonumber(value)
    else
      local id, what = string.sub(field, 3), string.sub(field, 1, 1)
      if id == m.p and not r.look then
        if what == 's' then mine = tonumber(value) end
      else
        local isOver = id ~= m.p and (seen[id] or 0) <= now - 600000
        local gone = r.rec and goneAt(id)
        if isOver or (gone and gone <= r.rec.at) then
          if what == 's' then folded = folded + tonumber(value) end
          call('HDEL', r.K, field)
        elseif what == 's' then spent = spent + tonumber(value)
        else held = held + tonumber(value) end
      end
    end
  end
  r.slice, r.granted, r.version, r.at, r.spentMine, r.mine = 0, 0, version, at, 0, 0
  if generation and base and folded ~= 0 then
    base = base + folded
    call('HSET', r.K, 'base', base)
  end
  if r.look then
    r.known = generation and base
  else
    local isMine = generation and base and generation == r.g and (mine or not r.r)
    if not isMine and r.open then
      if not (generation and base) then
        base = r.open.l
        generation = r.open.g
        call('DEL', r.K)
        spent, held = 0, 0
      else
        base = base + (mine or 0)
        base = max(base, r.open.l - spent)
      end
      mine = 0
      call('HSET', r.K, 'base', base, 'g', generation)
      isMine = true
    end
    r.known = isMine
    if isMine then
      if r.s ~= (mine or 0) then
        r.version = version + 1
        r.at = now
      end
      r.spentMine, r.mine = r.s, r.h
    end
  end
  r.base, r.spent, r.held, r.generation = base or 0, spent, held, generation or ''
  if r.known and r.rec then
    local all = spent + r.spentMine
    if r.rec.quiet and r.rec.v == r.version then base = r.rec.l - all else base = max(base, r.rec.l - all - held - r.mine) end
    r.base = base
    call('HSET', r.K, 'base', base)
  end
end

local function budgetLeft(r)
  local left = r.l - r.base - r.spent - r.spentMine - r.held - r.mine - r.granted
  if isEarly then left = min(left, floor((r.l - r.base) / processes) - r.spentMine - r.mine - r.granted) end
  return left
end

local open = {w = openWindow, c = openConcurrency, b = openBudget}
local leftOf = {w = windowLeft, c = concurrencyLeft, b = budgetLeft}
for _, r in ipairs(m.r) do open[r.y](r) end

local answers = {}
for i, needs in ipairs(m.c) do
  local refused = nil
  local amounts = {1}
  for j, need in ipairs(needs) do
    local r = m.r[need[1] + 1]
    local amount = need[2]
    if amount > 0 and (r.y ~= 'b' or r.known) then
      local left = leftOf[r.y](r)
      if left < (need[3] == 1 and 1 or amount) then
        refused = refused or {0}
        refused[#refused + 1] = need[1]
        if r.y == 'w' then refused[#refused + 1] = windowWait(r, need[3] == 1 and 1 or amount)
        else refused[#refused + 1] = r.y == 'c' and 1000 or 0 end
      else
        amount = min(amount, left)
      end
    end
    amounts[j + 1] = amount
  end
  if refused then
    answers[i] = refused
  else
    for j, need in ipairs(needs) do
      local r = m.r[need[1] + 1]
      local amount = amounts[j + 1]
      if r.y == 'w' then
        r.total = r.total + amount
        r.needed = r.needed + amount
        r.o = r.o + amount
      elseif r.y == 'c' then r.mine = r.mine + amount
      elseif r.known then r.granted = r.granted + amount end
    end
    answers[i] = amounts
  end
end

local grants = {}
for i, r in ipairs(m.r) do
  local want = r.n
  if want > 0 and not isEarly and (r.y ~= 'b' or r.known) then
    r.slice = max(0, min(want, floor(leftOf[r.y](r) / (2 * processes))))
  end
  if r.y == 'w' then
    r.total = r.total + r.slice
    if r.needed > 0 then
      call('HINCRBY', r.K, r.slot, r.needed)
      r.tail = max(r.tail, r.slot)
    end
    if r.slice > 0 then
      call('HINCRBY', r.K, r.sliceSlot, r.slice)
      r.tail = max(r.tail, r.sliceSlot)
    end
    if r.total <= 0 then
      call('DEL', r.K)
    else
      call('HSET', r.K, 't', r.total, 'h', r.head, 'e', r.tail)
      call('PEXPIRE', r.K, r.w + r.f + 10000)
    end
    grants[i] = {r.slice, r.sliceSlot, r.slot, r.total, r.total > 0 and max(0, r.tail * r.s - now) or 0}
  elseif r.y == 'c' then
    if not r.look then
      r.mine = r.mine + r.slice
      if r.mine > 0 then
        call('HSET', r.K, m.p, r.mine)
        call('PEXPIRE', r.K, 60000)
      else
        call('HDEL', r.K, m.p)
      end
    end
    grants[i] = {r.slice, r.others + r.mine}
  else
    if r.known and not r.look then
      r.mine = r.mine + r.granted + r.slice
      call('HSET', r.K, 's:' .. m.p, r.spentMine, 'h:' .. m.p, r.mine, 'v', r.version, 'at', r.at)
      call('PEXPIRE', r.K, 86400000)
    end
    local quiet = 0
    if r.known and now - r.at >= 5000 and r.held + r.mine <= 0 then
      quiet = 1
      for id, at in pairs(seen) do
        if at > now - 600000 and not goneAt(id) and call('HGET', P .. 'caught', id) ~= '1' then quiet = 0 end
      end
    end
    grants[i] = {r.known and 1 or 0, r.slice, r.base + r.spent + r.spentMine, r.held + r.mine, r.generation, r.version, quiet}
  end
end
return {'done', processes, now, grants, answers}
`;
