-- Health of a SECA resource for Argo CD, by its conditions, as kstatus reads them: a change that the controllers have not seen
-- comes first, then Reconciling and Stalled, and only then Ready.
local function text(value)
  if type(value) == "string" and value ~= "" then
    return value
  end
  return nil
end

local metadata = type(obj.metadata) == "table" and obj.metadata or {}
local annotations = type(metadata.annotations) == "table" and metadata.annotations or {}
local status = type(obj.status) == "table" and obj.status or {}

local conditions = {}
if type(status.conditions) == "table" then
  for _, condition in ipairs(status.conditions) do
    if type(condition) == "table" and text(condition.type) ~= nil then
      conditions[condition.type] = condition
    end
  end
end

local function holds(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

-- "Rejected: no such pool"
local function why(name, otherwise)
  local condition = conditions[name] or {}
  local reason, message = text(condition.reason), text(condition.message)
  if reason ~= nil and message ~= nil then
    return reason .. ": " .. message
  end
  return reason or message or otherwise
end

if annotations["secapi.cloud/paused"] == "true" then
  return { status = "Suspended", message = "the annotation secapi.cloud/paused is set" }
end
if status.observedGeneration ~= metadata.generation then
  return { status = "Progressing", message = "the controllers have not seen this change yet" }
end
if holds("Reconciling") then
  return { status = "Progressing", message = why("Reconciling", "in progress") }
end
if holds("Stalled") then
  return { status = "Degraded", message = why("Stalled", "stalled") }
end
if holds("Ready") then
  -- What is ready may have something to say: "PartlyApplied", or that the cloud could not be asked.
  if conditions["Synced"] ~= nil and not holds("Synced") then
    return { status = "Healthy", message = why("Synced", "") }
  end
  return { status = "Healthy", message = text(conditions["Ready"].message) or "" }
end
return { status = "Progressing", message = why("Ready", "not ready yet") }
