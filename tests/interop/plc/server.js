// The OPC UA server around the programs: nodes, rights, certificates, users, and what goes wrong on request.
"use strict";

const fs = require("fs");
const path = require("path");
const { DataType, MessageSecurityMode, OPCUACertificateManager, OPCUAServer, SecurityPolicy, StatusCodes, Variant, VariantArrayType, nodesets } = require("node-opcua");

const NAMESPACE = "urn:inspector:plc";
const TABLES = ["Verdict.Slot", "Operator.Slot"]; // each element is a node of its own
const WRITABLE = /^(Verdict\.Slot|Operator\.Slot|Link\.GatewayHeartbeat|Link\.GatewayEpoch|Sync\.\w+\.Request)/;
const OF_OPERATOR = ["Operator.Slot", "Operator.Latched"];
const OF_EPOCH = ["Link.Epoch", "Link.GatewayEpoch"];
const FROZEN_WITH_TRIGGERS = /^(Track|Camera)\./;
const MOST_CONNECTIONS = 20;
const SCAN_MS = 10;

class PlcServer {
    // programs: prefix -> StationProgram. options: the command line's, see main.js.
    constructor(programs, options) {
        this.programs = programs;
        this.options = options;
        this.frozen = new Map(); // prefix and name -> the value shown while triggers are frozen
        this.fault = { kind: "none" };
    }

    // Start to listen; returns {endpoint, certificate}.
    async start() {
        const { folder, port, user, password, maxSessions, noneOnly } = this.options;
        const certificates = await this._certificates(path.join(folder, "pki"));
        this.server = new OPCUAServer({
            port,
            host: "127.0.0.1",
            hostname: "127.0.0.1",
            nodeset_filename: [nodesets.standard],
            serverInfo: { applicationUri: "urn:inspector:node-plc", applicationName: { text: "NodePlc" } },
            serverCertificateManager: certificates,
            securityPolicies: noneOnly ? [SecurityPolicy.None] : [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss],
            securityModes: [noneOnly ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt],
            allowAnonymous: false,
            userManager: { isValidUser: (name, given) => name === user && given === password },
            serverCapabilities: { maxSessions },
            maxConnectionsPerEndpoint: MOST_CONNECTIONS,
        });
        await this.server.initialize();
        this._addNodes();
        this._takeWrites();
        await this.server.start();
        return { endpoint: `opc.tcp://127.0.0.1:${this.server.endpoints[0].port}`, certificate: this._certificateFile() };
    }

    async _certificates(rootFolder) {
        const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: false });
        await manager.initialize();
        for (const file of this.options.trusted) await manager.trustCertificate(fs.readFileSync(file));
        return manager;
    }

    // The certificate as DER, which is what a gateway pins.
    _certificateFile() {
        const file = path.join(this.options.folder, "certificate.der");
        fs.writeFileSync(file, this.server.getCertificate());
        return file;
    }

    _addNodes() {
        const { addressSpace } = this.server.engine;
        if (this.options.shiftNamespace) addressSpace.registerNamespace("urn:inspector:other");
        this.namespace = addressSpace.registerNamespace(NAMESPACE);
        for (const [prefix, program] of Object.entries(this.programs)) {
            const folder = this.namespace.addFolder(addressSpace.rootFolder.objects, { browseName: prefix });
            for (const name of this._names(program)) this._addNode(folder, prefix, program, name);
        }
    }

    _names(program) {
        const lacking = [...(this.options.operatorTable ? [] : OF_OPERATOR), ...(this.options.epoch ? [] : OF_EPOCH)];
        const names = Object.keys(program.node).filter((name) => !lacking.includes(name));
        const elements = (name) => Array.from(program.node[name], (_, slot) => `${name}[${slot}]`);
        return names.flatMap((name) => (TABLES.includes(name) ? elements(name) : [name]));
    }

    _addNode(folder, prefix, program, name) {
        const full = `${prefix}.${name}`;
        if (this.options.missing.includes(full)) return;
        const [kind, isArray] = this._kind(program.node[name], name, full);
        const writable = WRITABLE.test(name) && !this.options.readOnly.includes(full);
        const value = {
            get: () => new Variant({ dataType: kind, arrayType: isArray ? VariantArrayType.Array : VariantArrayType.Scalar, value: this._shown(full, program, name) }),
            set: (variant) => this._store(program, name, variant),
        };
        this.namespace.addVariable({
            organizedBy: folder,
            browseName: full,
            nodeId: `s=${full}`,
            minimumSamplingInterval: SCAN_MS,
            dataType: kind,
            valueRank: isArray ? 1 : -1,
            accessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
            userAccessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
            value,
        });
    }

    _kind(value, name, full) {
        const isArray = value instanceof Uint32Array;
        if (this.options.wrongType.includes(full)) return [DataType.Double, isArray];
        if (typeof value === "boolean") return [DataType.Boolean, false];
        return [name === "State.StateCurrent" ? DataType.Int32 : DataType.UInt32, isArray];
    }

    _shown(full, program, name) {
        const value = this.frozen.get(full) ?? valueOf(program, name);
        const wrong = this.options.wrongType.includes(full) && value instanceof Uint32Array;
        return wrong ? Float64Array.from(value) : value instanceof Uint32Array ? value.slice() : value;
    }

    _store(program, name, variant) {
        const [table, slot] = splitElement(name);
        if (slot === null) program.node[name] = variant.value;
        else program.node[table][slot] = variant.value;
        return StatusCodes.Good;
    }

    // Go between the request and the nodes: a strict PLC takes no time stamps, and a faulty one does worse.
    _takeWrites() {
        const carryOut = this.server.engine.write.bind(this.server.engine);
        this.server.engine.write = async (context, writes) => {
            const strict = () => this._carryOutStrictly(carryOut, context, writes);
            const fault = this._faultFor(writes);
            const bad = () => writes.map(() => StatusCodes[fault.status]);
            switch (fault.kind) {
                case "slow":
                    await pause(fault.ms);
                    return strict();
                case "late":
                    setTimeout(strict, fault.ms);
                    return writes.map(() => StatusCodes.Good);
                case "done_with_error":
                    await strict();
                    return bad();
                case "refused":
                    return bad();
                case "unanswered":
                    await strict();
                    return new Promise(() => {});
                default:
                    return strict();
            }
        };
    }

    async _carryOutStrictly(carryOut, context, writes) {
        const answers = [];
        for (const write of writes) {
            const { sourceTimestamp, serverTimestamp } = write.value;
            const stamped = sourceTimestamp || serverTimestamp;
            answers.push(stamped ? StatusCodes.BadWriteNotSupported : (await carryOut(context, [write]))[0]);
        }
        return answers;
    }

    // Return the fault in force for these writes, counting down those that are left.
    _faultFor(writes) {
        const { only = "", count = Infinity } = this.fault;
        const meant = writes.some((write) => Object.keys(this.programs).some((prefix) => String(write.nodeId.value).startsWith(`${prefix}.${only}`)));
        if (!meant || count <= 0) return { kind: "none" };
        this.fault.count = count - 1;
        return this.fault;
    }

    // From here on clients see the Track and Camera nodes as they are now.
    freezeTriggers() {
        for (const [prefix, program] of Object.entries(this.programs)) {
            for (const name of Object.keys(program.node).filter((one) => FROZEN_WITH_TRIGGERS.test(one))) {
                const value = program.node[name];
                this.frozen.set(`${prefix}.${name}`, value instanceof Uint32Array ? value.slice() : value);
            }
        }
    }

    thawTriggers() {
        this.frozen.clear();
    }

    closeSessions() {
        const { engine } = this.server;
        for (const session of Object.values(engine._sessions)) engine.closeSession(session.authenticationToken, true, "Terminated");
    }

    cutConnections() {
        for (const endpoint of this.server.endpoints) endpoint.getChannels().forEach((channel) => channel.abruptlyInterrupt());
    }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// "Verdict.Slot[5]" -> ["Verdict.Slot", 5]; ["Track.PartId", null]
function splitElement(name) {
    const found = /^(.*)\[(\d+)\]$/.exec(name);
    return found ? [found[1], Number(found[2])] : [name, null];
}

function valueOf(program, name) {
    const [table, slot] = splitElement(name);
    return slot === null ? program.node[name] : program.node[table][slot];
}

module.exports = { PlcServer };
