// A PLC as others build them: its own namespace and names, every number a DINT, cameras counted from 1, and none of the nodes
// that docs/plc/tags.md lets lack: no epoch, no operator table, no sync request, no counters.
"use strict";

const NAMESPACE = "http://packing-line-7.example/plc";
const NAMES = {
    "Track.PartId": "PartNo",
    "Track.Encoder": "BeltPos",
    "Track.Ring": "EyeLog",
    "Decision.Slots": "Done",
    "Verdict.Slot": "Result",
    "Link.GatewayHeartbeat": "VisionLife",
    "Link.PlcHeartbeat": "PlcLife",
};

// Name of a node of the contract, without its element -> its name here; undefined: there is none.
function foreignName(name, views) {
    const [area, view] = name.split(".");
    return area === "Camera" ? `Cam${views.indexOf(view) + 1}Log` : NAMES[name];
}

module.exports = { NAMESPACE, foreignName };
