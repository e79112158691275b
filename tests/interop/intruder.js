// Tries on node-opcua what nobody may do at the server that a PLC reads its words from. One JSON object on stdout.
// Arguments: endpoint, certificate, key, their ApplicationUri, server certificate, user, password, prefix of a station.
"use strict";

const fs = require("fs");
const os = require("os");
const path = require("path");
const { AttributeIds, DataType, MessageSecurityMode, OPCUACertificateManager, OPCUAClient, SecurityPolicy, UserTokenType } = require("node-opcua");

const [endpoint, certificateFile, privateKeyFile, applicationUri, serverCertificate, user, password, prefix] = process.argv.slice(2);
const NAMESPACE = "urn:inspector:tables";
const OPEN = { securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None };
const CLOSED = { securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Basic256Sha256 };
const SIGNED = { securityMode: MessageSecurityMode.Sign, securityPolicy: SecurityPolicy.Basic256Sha256 };
const WHO = { type: UserTokenType.UserName, userName: user, password };

// Return what use(session) returns, or "refused" where there is no session.
async function within(manager, security, who, use) {
    const client = OPCUAClient.create({
        applicationUri,
        certificateFile,
        privateKeyFile,
        clientCertificateManager: manager,
        connectionStrategy: { maxRetry: 0 },
        endpointMustExist: false,
        ...security,
    });
    let session;
    try {
        await client.connect(endpoint);
        session = await client.createSession(who);
    } catch (error) {
        await client.disconnect();
        return "refused";
    }
    try {
        return await use(session);
    } finally {
        await session.close();
        await client.disconnect();
    }
}

async function written(session, name, dataType, value) {
    const index = (await session.readNamespaceArray()).indexOf(NAMESPACE);
    const write = { nodeId: `ns=${index};s=${prefix}.${name}`, attributeId: AttributeIds.Value, value: { value: { dataType, value } } };
    return (await session.write(write)).name;
}

async function main() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "inspector-intruder-"));
    const manager = new OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: false });
    await manager.initialize();
    await manager.trustCertificate(fs.readFileSync(serverCertificate));
    const entered = () => "let in";
    const tried = {
        unencrypted: await within(manager, OPEN, WHO, entered),
        signed_only: await within(manager, SIGNED, WHO, entered),
        wrong_password: await within(manager, CLOSED, { ...WHO, password: "wrong" }, entered),
        nobody: await within(manager, CLOSED, { type: UserTokenType.Anonymous }, entered),
        right: await within(manager, CLOSED, WHO, async (session) => ({
            heartbeat: await written(session, "Link.GatewayHeartbeat", DataType.UInt32, 7),
            words: await written(session, "Verdict.Slot", DataType.UInt32, new Uint32Array(64).fill(1)),
            decisions: await written(session, "Decision.Slots", DataType.UInt32, new Uint32Array(64)),
        })),
    };
    await manager.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
    process.stdout.write(JSON.stringify(tried) + "\n");
}

main().then(() => process.exit(0));
