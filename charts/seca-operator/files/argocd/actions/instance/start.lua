obj.spec.powerState = "on"
return obj
