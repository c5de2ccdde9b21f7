-- Which actions an instance has at this moment. Start and stop go by the power that is wanted, since that is what they change.
local wanted = type(obj.spec) == "table" and obj.spec.powerState == "on"
local power = type(obj.status) == "table" and obj.status.powerState == "on"
local leaves = obj.metadata.deletionTimestamp ~= nil
return {
  start = { disabled = leaves or wanted, iconClass = "fa fa-fw fa-play-circle" },
  stop = { disabled = leaves or not wanted, iconClass = "fa fa-fw fa-stop-circle" },
  restart = { disabled = leaves or not (wanted and power), iconClass = "fa fa-fw fa-redo" },
}
