// The program of one station alone, a line of JSON for each scan, so that a test can compare it with others.
//     {"start": "new" | "again", ...LAYOUT}                       "again": with what the last one retained
//     {"nodes": {NAME: VALUE}, "nowUs", "encoder", "partAtEye"}    written before the scan; the answer has all nodes after it
"use strict";

const readline = require("readline");
const { StationProgram } = require("./program");

let program;

function started({ start, ...layout }) {
    const kept = start === "again" ? JSON.parse(JSON.stringify(program.kept())) : undefined;
    program = new StationProgram({ ...layout, epoch: true, kept });
}

function scanned({ nodes, ...inputs }) {
    for (const [name, value] of Object.entries(nodes)) {
        if (Array.isArray(value)) program.node[name].set(value);
        else program.node[name] = value;
    }
    const events = program.scan(inputs);
    const plain = Object.entries(program.node).map(([name, value]) => [name, typeof value === "object" ? [...value] : value]);
    process.stdout.write(JSON.stringify({ nodes: Object.fromEntries(plain), events }) + "\n");
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const order = JSON.parse(line);
    if (order.start) started(order);
    else scanned(order);
});
