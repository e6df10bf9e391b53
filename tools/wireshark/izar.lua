-- izar.lua -- Wireshark and tshark read izar's overlay packets: option, control messages, what is sealed.
--
--   tshark -X lua_script:izar.lua -r CAPTURE -V          or copy it into Wireshark's folder of personal Lua plugins
--
-- The layout is docs/wire.md's. The GENEVE dissector of Wireshark still runs, and shows the inner packet; this one adds
-- what only izar knows. Whether a link is encrypted stands in no header: a control message is taken for a plain one
-- if its kind, version and lengths agree, which sealed bytes do once in 2^40, and a packet that travels twice if a tag
-- and an IP packet of the length that is left are there, once in 2^35.

local izar = Proto("izar", "izar overlay")

local GENEVE_PORT = 6081
local OPTION_CLASS, OPTION_TYPE, OPTION_WORDS = 0xFF1A, 0x81, 8
local HEADER_BYTES, TAG_BYTES, MESSAGE_HEAD_BYTES = 44, 16, 4
local SEALED, CLEAR_EPOCH, VERSION = 0x88B5, 0xFF, 1
local KEEP_ALIVE, KEEP_ALIVE_BYTES, ROW_ITEM_BYTES = 1, 24, 10
local HANDSHAKE, HANDSHAKE_BYTES = 2, 104
local PATH_PROBE, PATH_PROBE_BYTES = 3, 20
local DUPLICATE_TAG_BYTES, IPV4_HEADER_BYTES, IPV6_HEADER_BYTES = 12, 20, 40
local NOTHING, SATURATED, UNREACHABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF
local KINDS = { [KEEP_ALIVE] = "keep-alive", [HANDSHAKE] = "handshake", [PATH_PROBE] = "path probe" }
local NUMBERS = { [1] = "from the initiator", [2] = "from the responder" }

local field = {
  t_tx = ProtoField.uint32("izar.t_tx", "Sender's clock (ns)"),
  t_echo = ProtoField.uint32("izar.t_echo", "Echoed clock (ns)"),
  t_hold = ProtoField.uint32("izar.t_hold", "Held for (ns)"),
  lcore = ProtoField.uint8("izar.lcore", "Sending lcore"),
  number = ProtoField.uint64("izar.number", "Packet number of the lcore"),
  sender = ProtoField.uint16("izar.sender", "Sender"),
  ingress = ProtoField.uint16("izar.ingress", "Ingress"),
  segment = ProtoField.uint16("izar.segment", "Remaining segment"),
  epoch = ProtoField.uint8("izar.epoch", "Key epoch", base.HEX),
  session = ProtoField.uint8("izar.epoch.session", "Session", base.DEC, nil, 0xE0),
  derived = ProtoField.uint8("izar.epoch.number", "Epoch modulo 32", base.DEC, nil, 0x1F),
  flags = ProtoField.uint8("izar.flags", "Flags", base.HEX),
  repaired = ProtoField.bool("izar.flags.repaired", "Repaired once by a relay", 8, nil, 0x01),
  second = ProtoField.bool("izar.flags.second_chance", "Second chance", 8, nil, 0x02),
  duplicate = ProtoField.bool("izar.flags.duplicate", "Travels twice", 8, nil, 0x04),
  reply = ProtoField.bool("izar.flags.reply", "From origin to client", 8, nil, 0x08),
  origin = ProtoField.uint16("izar.duplicate.origin", "Node that sent both copies"),
  sequence = ProtoField.uint64("izar.duplicate.sequence", "Number of the two copies"),
  sealed = ProtoField.bytes("izar.sealed", "Sealed"),
  tag = ProtoField.bytes("izar.tag", "Authentication tag"),
  kind = ProtoField.uint8("izar.control.kind", "Kind", base.DEC, KINDS),
  version = ProtoField.uint8("izar.control.version", "Version"),
  length = ProtoField.uint16("izar.control.length", "Length"),
  interval = ProtoField.uint32("izar.keep_alive.interval_us", "Interval (us)"),
  multiplier = ProtoField.uint8("izar.keep_alive.multiplier", "Multiplier"),
  deaf = ProtoField.bool("izar.keep_alive.deaf", "Hears nothing of the receiver", 8, nil, 0x01),
  sent = ProtoField.uint64("izar.keep_alive.sent", "Packets sent before"),
  probe = ProtoField.uint16("izar.keep_alive.probe", "Probe of the MTU, number"),
  heard_probe = ProtoField.uint16("izar.keep_alive.heard_probe", "Newest probe heard"),
  items = ProtoField.uint16("izar.keep_alive.items", "Row items"),
  node = ProtoField.uint16("izar.row.node", "Node"),
  loss = ProtoField.uint16("izar.row.loss", "Loss (1/65535)"),
  rtt = ProtoField.uint32("izar.row.rtt_us", "RTT (us)"),
  mtu = ProtoField.uint16("izar.row.mtu", "MTU (bytes)"),
  padding = ProtoField.bytes("izar.padding", "Padding"),
  far_end = ProtoField.uint16("izar.path_probe.far_end", "Far end"),
  probe_number = ProtoField.uint16("izar.path_probe.number", "Number"),
  t_sent = ProtoField.uint32("izar.path_probe.t_sent", "Prober's clock (ns)"),
  watch = ProtoField.uint8("izar.path_probe.watch", "Path to the far end"),
  answer = ProtoField.bool("izar.path_probe.answer", "Answer", 8, nil, 0x01),
  back = ProtoField.uint16("izar.path_probe.back", "Node of the way back"),
  message = ProtoField.uint8("izar.handshake.number", "Message", base.DEC, NUMBERS),
  mark = ProtoField.bytes("izar.handshake.mark", "Mark"),
  ephemeral = ProtoField.bytes("izar.handshake.ephemeral", "Ephemeral public key"),
  encrypted = ProtoField.bytes("izar.handshake.encrypted", "Boot ids, attempt, lcores, sessions; encrypted"),
}
izar.fields = field

local expert = {
  malformed = ProtoExpert.new("izar.malformed", "No overlay packet that izar would take", expert.group.MALFORMED,
    expert.severity.ERROR),
}
izar.experts = expert

-- Row items that a message has room for, as its two lengths tell; nil if they contradict each other.
local function row_items(body)
  local items = body(20, 2):uint()
  return body(2, 2):uint() == KEEP_ALIVE_BYTES + ROW_ITEM_BYTES * items and items or nil
end

local function is_plain_keep_alive(body)
  return body:len() >= KEEP_ALIVE_BYTES and body(0, 1):uint() == KEEP_ALIVE and body(1, 1):uint() == VERSION
    and row_items(body) ~= nil and body(2, 2):uint() <= body:len()
end

local function is_handshake(body, epoch)
  return epoch == CLEAR_EPOCH and body:len() >= HANDSHAKE_BYTES and body(0, 1):uint() == HANDSHAKE
    and body(1, 1):uint() == VERSION and body(2, 2):uint() == HANDSHAKE_BYTES
end

local function is_plain_path_probe(body)
  return body:len() == PATH_PROBE_BYTES and body(0, 1):uint() == PATH_PROBE and body(1, 1):uint() == VERSION
    and body(2, 2):uint() == PATH_PROBE_BYTES
end

local function add_message_head(tree, body)
  tree:add(field.kind, body(0, 1))
  tree:add(field.version, body(1, 1))
  tree:add(field.length, body(2, 2))
end

local function add_keep_alive(tree, body)
  add_message_head(tree, body)
  tree:add(field.interval, body(4, 4))
  tree:add(field.multiplier, body(8, 1))
  tree:add(field.deaf, body(9, 1))
  tree:add(field.probe, body(10, 2))
  tree:add(field.sent, body(12, 8))
  tree:add(field.items, body(20, 2))
  tree:add(field.heard_probe, body(22, 2))
  local at = KEEP_ALIVE_BYTES
  for _ = 1, row_items(body) do
    local item = tree:add(body(at, ROW_ITEM_BYTES), "Row item: node " .. body(at, 2):uint())
    item:add(field.node, body(at, 2))
    item:add(field.loss, body(at + 2, 2))
    local rtt = item:add(field.rtt, body(at + 4, 4))
    if body(at + 4, 4):uint() == UNREACHABLE then rtt:append_text(" (down)") end
    item:add(field.mtu, body(at + 8, 2))
    at = at + ROW_ITEM_BYTES
  end
  if at < body:len() then tree:add(field.padding, body(at)) end
end

local function add_path_probe(tree, body)
  add_message_head(tree, body)
  tree:add(field.far_end, body(4, 2))
  tree:add(field.probe_number, body(6, 2))
  tree:add(field.t_sent, body(8, 4))
  tree:add(field.watch, body(12, 1))
  tree:add(field.answer, body(13, 1))
  for at = 14, 18, 2 do
    if body(at, 2):uint() ~= 0 then tree:add(field.back, body(at, 2)) end
  end
end

local function add_handshake(tree, body)
  add_message_head(tree, body)
  tree:add(field.message, body(4, 1))
  tree:add(field.mark, body(5, 3))
  tree:add(field.ephemeral, body(8, 32))
  tree:add(field.encrypted, body(40, 48))
  tree:add(field.tag, body(88, 16))
end

local function add_sealed(tree, body)
  tree:add(field.sealed, body(0, body:len() - TAG_BYTES))
  tree:add(field.tag, body(body:len() - TAG_BYTES))
end

-- In the clear: the tag, and an IP packet that fills the rest.
local function is_plain_duplicate(body, flags)
  local rest = body:len() - DUPLICATE_TAG_BYTES
  if flags:bitfield(5) == 0 or rest < IPV4_HEADER_BYTES or body(2, 2):uint() ~= 0 then return false end
  local version, inner = body(DUPLICATE_TAG_BYTES, 1):bitfield(0, 4), body(DUPLICATE_TAG_BYTES)
  return version == 4 and inner(2, 2):uint() == rest
    or version == 6 and rest >= IPV6_HEADER_BYTES and inner(4, 2):uint() + IPV6_HEADER_BYTES == rest
end

local function add_duplicate(tree, body)
  local branch = tree:add(body(0, DUPLICATE_TAG_BYTES), "Duplicate tag")
  branch:add(field.origin, body(0, 2))
  branch:add(field.sequence, body(4, 8))
end

-- What stands in the list of packets for a control message.
local function add_control(tree, body, epoch)
  local branch = tree:add(body, "Control message")
  if is_handshake(body, epoch) then
    add_handshake(branch, body)
    return "handshake, message " .. body(4, 1):uint()
  elseif is_plain_keep_alive(body) then
    add_keep_alive(branch, body)
    return body(9, 1):bitfield(7) == 1 and "keep-alive, deaf" or "keep-alive"
  elseif is_plain_path_probe(body) then
    add_path_probe(branch, body)
    return body(13, 1):bitfield(7) == 1 and "path probe, answer" or "path probe"
  elseif body:len() >= MESSAGE_HEAD_BYTES + TAG_BYTES then
    add_sealed(branch, body)
    return "control message, sealed"
  end
  branch:add_proto_expert_info(expert.malformed)
  return "control message, malformed"
end

local function add_times(tree, option)
  tree:add(field.t_tx, option(0, 4))
  local hold = option(8, 4):uint()
  if hold == NOTHING then
    tree:add(field.t_hold, option(8, 4)):append_text(" (nothing heard)")
    return
  end
  tree:add(field.t_echo, option(4, 4))
  local item = tree:add(field.t_hold, option(8, 4))
  if hold == SATURATED then item:append_text(" (longer than 32 bits tell)") end
end

local function add_option(tree, option)
  add_times(tree, option)
  tree:add(field.lcore, option(12, 1))
  tree:add(field.number, option(12, 8), UInt64(option(16, 4):uint(), option(13, 3):uint()))
  tree:add(field.sender, option(20, 2))
  tree:add(field.ingress, option(22, 2))
  for at = 24, 26, 2 do
    if option(at, 2):uint() ~= 0 then tree:add(field.segment, option(at, 2)) end
  end
  local epoch = tree:add(field.epoch, option(28, 1))
  if option(28, 1):uint() == CLEAR_EPOCH then
    epoch:append_text(" (no key)")
  else
    epoch:add(field.session, option(28, 1))
    epoch:add(field.derived, option(28, 1))
  end
  local flags = tree:add(field.flags, option(29, 1))
  for _, name in ipairs({ "repaired", "second", "duplicate", "reply" }) do flags:add(field[name], option(29, 1)) end
end

local function is_ours(buffer)
  return buffer:len() >= HEADER_BYTES and buffer(0, 1):uint() == OPTION_WORDS + 1
    and buffer(8, 2):uint() == OPTION_CLASS and buffer(10, 1):uint() == OPTION_TYPE
    and buffer(11, 1):bitfield(3, 5) == OPTION_WORDS
end

local geneve = DissectorTable.get("udp.port"):get_dissector(GENEVE_PORT)

function izar.dissector(buffer, pinfo, root)
  if not is_ours(buffer) then return geneve:call(buffer, pinfo, root) end
  local option, body = buffer(12, 32), nil
  if buffer:len() > HEADER_BYTES then body = buffer(HEADER_BYTES) end
  -- First ours: what is inside may be cut short, and then the GENEVE dissector does not return.
  local tree = root:add(izar, buffer(8, HEADER_BYTES - 8))
  add_option(tree, option)
  geneve:call(buffer, pinfo, root)
  local is_control, is_sealed = buffer(1, 1):bitfield(0) == 1, buffer(2, 2):uint() == SEALED
  if not is_control and not is_sealed then return buffer:len() end
  local what = "packet, malformed"
  if is_control and body ~= nil then
    what = add_control(tree, body, option(28, 1):uint())
  elseif body ~= nil and is_plain_duplicate(body, option(29, 1)) then
    add_duplicate(tree, body)
    local inner = body(DUPLICATE_TAG_BYTES)
    Dissector.get(inner(0, 1):bitfield(0, 4) == 4 and "ip" or "ipv6"):call(inner:tvb(), pinfo, root)
    return buffer:len()
  elseif body ~= nil and body:len() > TAG_BYTES then
    add_sealed(tree, body)
    what = "packet, sealed"
  else
    tree:add_proto_expert_info(expert.malformed)
  end
  pinfo.cols.protocol = "izar"
  pinfo.cols.info = what .. ", of node " .. option(20, 2):uint()
  return buffer:len()
end

DissectorTable.get("udp.port"):add(GENEVE_PORT, izar)
