obj.spec.powerState = "off"
return obj
