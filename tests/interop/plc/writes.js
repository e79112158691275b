// Between a write request and the nodes: a strict PLC takes no time stamps, and a faulty one does worse.
"use strict";

const { StatusCodes } = require("node-opcua");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const FOR_EVER = new Promise(() => {});

// What becomes of a request; all(status) answers each of its writes alike.
const KINDS = {
    none: ({ carryOut }) => carryOut(),
    slow: ({ carryOut, ms }) => pause(ms).then(carryOut),
    late({ carryOut, all, ms }) {
        setTimeout(carryOut, ms);
        return all("Good");
    },
    again({ carryOut, ms }) {
        setTimeout(carryOut, ms);
        return carryOut();
    },
    done_with_error: ({ carryOut, all, status }) => carryOut().then(() => all(status)),
    refused: ({ all, status }) => all(status),
    unanswered: ({ carryOut }) => carryOut().then(() => FOR_EVER),
};

class Writes {
    // names: NodeId behind the namespace -> name below the station's prefix.
    constructor(engine, names) {
        this.write = engine.write.bind(engine);
        this.names = names;
        this.expect({ as: "none" });
        engine.write = (context, writes) => this._take(context, writes);
    }

    // Let requests from now on become what main.js says under "writes".
    expect({ as, ms = 0, status = "BadInternalError", count = Infinity, only = "" }) {
        if (!(as in KINDS)) throw new Error(`writes cannot be ${as}`);
        if (!(status in StatusCodes)) throw new Error(`there is no status ${status}`);
        this.fault = { as, ms, status, left: count, only };
    }

    _take(context, writes) {
        const names = writes.map(({ nodeId }) => this.names.get(String(nodeId.value)) ?? "");
        // Looked at once: the engine stamps a value when it takes it, and a write may be carried out again.
        const stamped = writes.map(({ value }) => Boolean(value.sourceTimestamp || value.serverTimestamp));
        return this.disturbed(names, () => this._carryOut(context, writes, stamped));
    }

    // Return a status for each of these names below a prefix, of a request that carryOut() would carry out.
    async disturbed(names, carryOut) {
        const all = (status) => names.map(() => StatusCodes[status]);
        const meant = names.some((name) => name.startsWith(this.fault.only));
        if (!meant || this.fault.left <= 0) return carryOut();
        this.fault.left -= 1;
        return KINDS[this.fault.as]({ ...this.fault, carryOut, all });
    }

    async _carryOut(context, writes, stamped) {
        const answers = [];
        for (const [number, write] of writes.entries()) {
            answers.push(stamped[number] ? StatusCodes.BadWriteNotSupported : (await this.write(context, [write]))[0]);
        }
        return answers;
    }
}

module.exports = { Writes };
