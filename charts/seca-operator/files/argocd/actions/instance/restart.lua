-- Any new value asks for a restart.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
local before = obj.metadata.annotations["secapi.cloud/restart-requested"]
local now = os.date("!%Y-%m-%dT%H:%M:%SZ")
-- Twice within a second.
if before == now then
  now = now .. "+"
end
obj.metadata.annotations["secapi.cloud/restart-requested"] = now
return obj
