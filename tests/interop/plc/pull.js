// For a PLC that nobody may write to: as a client it reads the gateway's tables and copies them, written from docs/plc/pull.md.
"use strict";

const fs = require("fs");
const { AttributeIds, MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType } = require("node-opcua");

const NAMESPACE = "urn:inspector:tables";
const PATIENCE_MS = 800; // a connection that answers no sooner is given up
const AGAIN_MS = 200;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What becomes of a read; copy: into the program's nodes, between two scans.
const KINDS = {
    none: ({ copy }) => copy(),
    slow: ({ copy, ms }) => pause(ms).then(copy), // and the next read waits for it
    late({ copy, ms }) {
        setTimeout(copy, ms);
    },
    again({ copy, ms }) {
        copy();
        setTimeout(copy, ms);
    },
    refused() {}, // read, and lost before it was copied
};

class Pull {
    // programs: prefix -> StationProgram. own: {certificateFile, privateKeyFile, clientCertificateManager, applicationUri}.
    constructor(programs, { endpoint, certificate, user, password, eachMs, own }) {
        this.programs = programs;
        this.gateway = { endpoint, certificate, user, password };
        this.eachMs = eachMs;
        this.own = own;
        this.expect({ as: "none" });
    }

    // Let reads from now on become what main.js says under "writes".
    expect({ as, ms = 0, count = Infinity, only = "" }) {
        if (!(as in KINDS)) throw new Error(`copies cannot be ${as}`);
        this.fault = { as, ms, only, left: count };
    }

    // Read for ever: a connection that failed is thrown away, and the program goes its safe way meanwhile.
    async run() {
        for (;;) {
            await this._connected().catch(() => {}); // whatever it was: the heartbeat stands meanwhile
            await pause(AGAIN_MS);
        }
    }

    async _connected() {
        const { endpoint, certificate, user, password } = this.gateway;
        await this.own.clientCertificateManager.trustCertificate(fs.readFileSync(certificate));
        const client = OPCUAClient.create({
            ...this.own,
            securityMode: MessageSecurityMode.SignAndEncrypt,
            securityPolicy: SecurityPolicy.Basic256Sha256,
            connectionStrategy: { maxRetry: 0 },
            endpointMustExist: false, // its address may be another one from here
        });
        const lost = new Promise((_, reject) => client.on("connection_lost", () => reject(new Error("connection lost"))));
        lost.catch(() => {}); // it may be lost before anybody waits for it
        try {
            await client.connect(endpoint);
            const session = await client.createSession({ type: UserTokenType.UserName, userName: user, password });
            await this._read(session, lost);
        } finally {
            await Promise.race([client.disconnect(), pause(PATIENCE_MS)]);
        }
    }

    async _read(session, lost) {
        const index = (await session.readNamespaceArray()).indexOf(NAMESPACE);
        const wanted = Object.entries(this.programs).flatMap(([prefix, program]) => namesOf(program).map((name) => ({ prefix, name })));
        const nodes = wanted.map(({ prefix, name }) => ({ nodeId: `ns=${index};s=${prefix}.${name}`, attributeId: AttributeIds.Value }));
        for (;;) {
            const late = pause(PATIENCE_MS).then(() => Promise.reject(new Error("no answer")));
            late.catch(() => {});
            const values = await Promise.race([session.read(nodes), lost, late]);
            await this._take(wanted.map((one, number) => ({ ...one, value: values[number] })));
            await pause(this.eachMs);
        }
    }

    _take(read) {
        const good = read.filter(({ value }) => value.statusCode.isGood());
        const [meant, others] = [(one) => one.name.startsWith(this.fault.only), (one) => !one.name.startsWith(this.fault.only)];
        if (this.fault.left <= 0) return this._copy(good);
        this.fault.left -= 1;
        this._copy(good.filter(others));
        const hit = good.filter(meant);
        return KINDS[this.fault.as]({ ...this.fault, copy: () => this._copy(hit) });
    }

    _copy(values) {
        for (const { prefix, name, value } of values) {
            const { node } = this.programs[prefix];
            if (typeof node[name] === "number") node[name] = value.value.value;
            else node[name].set(value.value.value);
        }
    }
}

// The epoch comes first and the heartbeat last.
function namesOf({ views }) {
    return ["Link.GatewayEpoch", "Operator.Slot", "Verdict.Slot", ...views.map((view) => `Sync.${view}.Request`), "Link.GatewayHeartbeat"];
}

module.exports = { Pull };
