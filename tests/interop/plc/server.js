// The OPC UA server around the programs: nodes, rights, certificates, users and sessions.
"use strict";

const fs = require("fs");
const path = require("path");
const { DataType, MessageSecurityMode, OPCUACertificateManager, OPCUAServer, SecurityPolicy, StatusCodes, Variant, VariantArrayType, nodesets } = require("node-opcua");
const foreign = require("./foreign");
const { addMethods } = require("./ways");
const { Writes } = require("./writes");

const NAMESPACE = "urn:inspector:plc";
const TABLES = ["Verdict.Slot", "Operator.Slot"]; // each element is a node of its own
const WRITABLE = /^(Link\.GatewayHeartbeat|Link\.GatewayEpoch|Sync\.\w+\.Request)/;
const WRITABLE_WORDS = { tables: /^(Verdict|Operator)\.Slot/, mailbox: /^(Verdict|Operator)\.(Mailbox|Commit)/ };
const OF_OPERATOR = ["Operator.Slot", "Operator.Latched"];
const OF_EPOCH = ["Link.Epoch", "Link.GatewayEpoch"];
const FROZEN_WITH_TRIGGERS = /^(Track|Camera)\./;
const POLICIES = [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss];
const MOST_CONNECTIONS = 20;
const SCAN_MS = 10;

class PlcServer {
    // programs: prefix -> StationProgram. options: the command line's, see main.js.
    constructor(programs, options) {
        this.programs = programs;
        this.options = options;
        this.frozen = new Map(); // prefix and name -> the value shown while triggers are frozen
        this.names = new Map(); // NodeId behind the namespace -> name below the prefix
    }

    // Start to listen; returns {endpoint, certificate}.
    async start() {
        const { folder, port, user, "none-only": noneOnly } = this.options;
        const password = process.env[this.options["password-env"]];
        this.server = new OPCUAServer({
            port: Number(port),
            host: "127.0.0.1",
            hostname: "127.0.0.1",
            nodeset_filename: [nodesets.standard],
            serverInfo: { applicationUri: "urn:inspector:node-plc", applicationName: { text: "NodePlc" } },
            serverCertificateManager: await this._certificates(path.join(folder, "pki"), this.options.trust),
            userCertificateManager: await this._certificates(path.join(folder, "users"), []), // or it makes one in the home folder
            securityPolicies: noneOnly ? [SecurityPolicy.None] : POLICIES,
            securityModes: [noneOnly ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt],
            allowAnonymous: false,
            userManager: { isValidUser: (name, given) => name === user && given === password },
            serverCapabilities: { maxSessions: Number(this.options["max-sessions"]) },
            maxConnectionsPerEndpoint: MOST_CONNECTIONS,
        });
        await this.server.initialize();
        this.writes = new Writes(this.server.engine, this.names);
        this._addNodes();
        await this.server.start();
        return { endpoint: `opc.tcp://127.0.0.1:${this.server.endpoints[0].port}`, certificate: this._certificateFile() };
    }

    // What makes this PLC known where it is a client itself.
    own() {
        const { certificateFile, privateKeyFile, serverCertificateManager, serverInfo } = this.server;
        return { certificateFile, privateKeyFile, clientCertificateManager: serverCertificateManager, applicationUri: serverInfo.applicationUri };
    }

    async _certificates(rootFolder, trusted) {
        const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: false });
        await manager.initialize();
        for (const file of trusted) await manager.trustCertificate(fs.readFileSync(file));
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
        if (this.options["shift-namespace"]) addressSpace.registerNamespace("urn:inspector:other");
        this.namespace = addressSpace.registerNamespace(this.options.foreign ? foreign.NAMESPACE : NAMESPACE);
        for (const [prefix, program] of Object.entries(this.programs)) {
            const folder = this.namespace.addFolder(addressSpace.rootFolder.objects, { browseName: prefix });
            for (const name of this._names(program)) this._addNode(folder, prefix, program, name);
            if (this.options.transport === "method") addMethods(this.namespace, folder, prefix, program, this.writes);
        }
    }

    _names(program) {
        const lacking = [...(this.options["no-operator-table"] ? OF_OPERATOR : []), ...(this.options["no-epoch"] ? OF_EPOCH : [])];
        const names = Object.keys(program.node).filter((name) => !lacking.includes(name) && this._identifier("", program, name));
        const elements = (name) => Array.from(program.node[name], (_, slot) => `${name}[${slot}]`);
        return names.flatMap((name) => (TABLES.includes(name) ? elements(name) : [name]));
    }

    _addNode(folder, prefix, program, name) {
        const full = `${prefix}.${name}`;
        if (this.options.missing.includes(full)) return;
        const [kind, isArray] = this._kind(program.node[name], name, full);
        const writable = this._isWritable(name) && !this.options["read-only"].includes(full);
        const value = {
            get: () => new Variant({ dataType: kind, arrayType: isArray ? VariantArrayType.Array : VariantArrayType.Scalar, value: this._shown(full, program, name) }),
            set: (variant) => this._store(program, name, variant),
        };
        const identifier = this._identifier(prefix, program, name);
        this.names.set(identifier, name);
        this.namespace.addVariable({
            organizedBy: folder,
            browseName: identifier,
            nodeId: `s=${identifier}`,
            minimumSamplingInterval: SCAN_MS,
            dataType: kind,
            valueRank: isArray ? 1 : -1,
            accessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
            userAccessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
            value,
        });
    }

    _isWritable(name) {
        const { transport } = this.options;
        if (transport === "pull") return false;
        return WRITABLE.test(name) || Boolean(WRITABLE_WORDS[transport]?.test(name));
    }

    // The NodeId behind the namespace, without "s="; undefined for what a foreign PLC has not.
    _identifier(prefix, program, name) {
        if (!this.options.foreign) return `${prefix}.${name}`;
        const [table, slot] = splitElement(name);
        const own = foreign.foreignName(table, program.views);
        return own && `"${prefix}"."${own}"${slot === null ? "" : `[${slot}]`}`;
    }

    _kind(value, name, full) {
        const isArray = value instanceof Uint32Array;
        if (this.options["wrong-type"].includes(full)) return [DataType.Double, isArray];
        if (typeof value === "boolean") return [DataType.Boolean, false];
        const signed = this.options.foreign || name === "State.StateCurrent";
        return [signed ? DataType.Int32 : DataType.UInt32, isArray];
    }

    _shown(full, program, name) {
        const [table, slot] = splitElement(name);
        const value = this.frozen.get(full) ?? (slot === null ? program.node[name] : program.node[table][slot]);
        if (this.options["wrong-type"].includes(full)) return value instanceof Uint32Array ? Float64Array.from(value) : Number(value);
        return this.options.foreign ? signed(value) : copied(value);
    }

    _store(program, name, variant) {
        const [table, slot] = splitElement(name);
        const value = this.options.foreign ? variant.value >>> 0 : variant.value;
        if (slot === null) program.node[name] = value;
        else program.node[table][slot] = value;
        return StatusCodes.Good;
    }

    // From here on clients see the Track and Camera nodes as they are now, until `frozen` is cleared.
    freezeTriggers() {
        for (const [prefix, program] of Object.entries(this.programs)) {
            const names = Object.keys(program.node).filter((name) => FROZEN_WITH_TRIGGERS.test(name));
            for (const name of names) this.frozen.set(`${prefix}.${name}`, copied(program.node[name]));
        }
    }

    sessions() {
        return Object.keys(this.server.engine._sessions).length;
    }

    closeSessions() {
        const { engine } = this.server;
        for (const session of Object.values(engine._sessions)) engine.closeSession(session.authenticationToken, true, "Terminated");
    }

    cutConnections() {
        for (const endpoint of this.server.endpoints) endpoint.getChannels().forEach((channel) => channel.abruptlyInterrupt());
    }
}

// "Verdict.Slot[5]" -> ["Verdict.Slot", 5]; ["Track.PartId", null]
function splitElement(name) {
    const found = /^(.*)\[(\d+)\]$/.exec(name);
    return found ? [found[1], Number(found[2])] : [name, null];
}

// Tables change under the feet of an answer that is being made.
const copied = (value) => (value instanceof Uint32Array ? value.slice() : value);
// The same 32 bits as a DINT has them.
const signed = (value) => (value instanceof Uint32Array ? Int32Array.from(value) : value | 0);

module.exports = { PlcServer };
