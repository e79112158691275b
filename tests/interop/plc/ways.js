// Other ways for a word than a write into its slot: a mailbox for one word at a time, and a method. The tables are the same.
"use strict";

const { DataType, StatusCodes, Variant } = require("node-opcua");

const TABLES = { Verdict: "Verdict.Slot", Operator: "Operator.Slot" };
const STORED = 0;

function store(program, area, word) {
    program.node[TABLES[area]][(word >>> 8) % program.slots] = word;
}

// Give a program mailboxes: the nodes of both.
function addMailboxes(program) {
    for (const area of Object.keys(TABLES)) {
        Object.assign(program.node, { [`${area}.Mailbox`]: 0, [`${area}.Commit`]: 0, [`${area}.Taken`]: new Uint32Array(2) });
    }
}

// Before each scan: take a word whose commit is another one than before, and show both.
function emptyMailboxes(program) {
    for (const area of Object.keys(TABLES)) {
        const [commit, word, taken] = ["Commit", "Mailbox", "Taken"].map((name) => program.node[`${area}.${name}`]);
        if (commit === taken[0]) continue;
        store(program, area, word);
        taken.set([commit, word]);
    }
}

// Give a station's folder the methods; they are disturbed as writes are.
function addMethods(namespace, folder, prefix, program, writes) {
    for (const area of Object.keys(TABLES)) {
        const owner = namespace.addObject({ organizedBy: folder, browseName: `${prefix}.${area}`, nodeId: `s=${prefix}.${area}.Owner` });
        const name = `${area}.Submit`;
        const method = namespace.addMethod(owner, {
            browseName: "Submit",
            nodeId: `s=${prefix}.${name}`,
            inputArguments: [{ name: "word", dataType: DataType.UInt32 }],
            outputArguments: [{ name: "result", dataType: DataType.UInt32 }],
        });
        method.bindMethod(async ([word], _context) => { // it counts the parameters
            const carryOut = async () => {
                store(program, area, word.value);
                return [StatusCodes.Good];
            };
            const [statusCode] = await writes.disturbed([name], carryOut);
            return { statusCode, outputArguments: [new Variant({ dataType: DataType.UInt32, value: STORED })] };
        });
    }
}

module.exports = { addMailboxes, addMethods, emptyMailboxes };
