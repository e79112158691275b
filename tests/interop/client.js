// An independent OPC UA client (node-opcua shares no code with asyncua) that reads our server for SCADA and MES.
// Arguments: endpoint, certificate, key, server certificate, user, password, station. One JSON object a line on stdout.
"use strict";

const fs = require("fs");
const os = require("os");
const path = require("path");
const {
    AttributeIds,
    MessageSecurityMode,
    OPCUACertificateManager,
    OPCUAClient,
    SecurityPolicy,
    TimestampsToReturn,
    UserTokenType,
    constructEventFilter,
    ofType,
    resolveNodeId,
} = require("node-opcua");

const [endpoint, certificateFile, privateKeyFile, serverCertificate, user, password, station] = process.argv.slice(2);
const VISION = "http://opcfoundation.org/UA/MachineVision";
const OURS = "urn:inspector:scada";
const EVENT_FIELDS = ["PartId", "ResultId", "ResultContent", "IsSimulated", "InternalRecipeId"];

function say(what) {
    process.stdout.write(JSON.stringify(what) + "\n");
}

async function trustingClient(folder) {
    const clientCertificateManager = new OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: false });
    await clientCertificateManager.initialize();
    await clientCertificateManager.trustCertificate(fs.readFileSync(serverCertificate));
    return OPCUAClient.create({
        applicationUri: "urn:test:mes",
        certificateFile,
        privateKeyFile,
        clientCertificateManager,
        securityMode: MessageSecurityMode.SignAndEncrypt,
        securityPolicy: SecurityPolicy.Basic256Sha256,
        endpointMustExist: true,
        connectionStrategy: { maxRetry: 0 },
    });
}

async function refusedWithoutEncryption() {
    const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    try {
        await client.connect(endpoint);
        await client.createSession({ type: UserTokenType.UserName, userName: user, password });
        return false;
    } catch (error) {
        return true;
    } finally {
        await client.disconnect();
    }
}

async function readStation(session, ours) {
    const names = ["State", "LastResult.PartNumber", "LastResult.Verdict", "Results.Recent"];
    const nodes = names.map((name) => ({ nodeId: `ns=${ours};s=${station}.${name}`, attributeId: AttributeIds.Value }));
    const values = await session.read(nodes);
    say({ what: "read", state: values[0].value.value, verdict: values[2].value.value, recent: JSON.parse(values[3].value.value).length });
}

async function tellEvents(session, ours, vision) {
    const subscription = await session.createSubscription2({ requestedPublishingInterval: 50, requestedLifetimeCount: 100, requestedMaxKeepAliveCount: 10, publishingEnabled: true });
    const fields = EVENT_FIELDS.map((name) => `${vision}:${name}`);
    const filter = constructEventFilter(fields, ofType(resolveNodeId(`ns=${vision};i=1024`)));
    const item = await subscription.monitor(
        { nodeId: `ns=${ours};s=${station}.Vision`, attributeId: AttributeIds.EventNotifier },
        { queueSize: 100, filter, discardOldest: true },
        TimestampsToReturn.Both,
    );
    const heard = new Promise((resolve) => item.on("changed", resolve));
    say({ what: "listening" });
    const [part, result, content, simulated, recipe] = (await heard).map((field) => field.value);
    say({ what: "event", part: part.id, result: result.id, content: content.map((one) => one.value), simulated, hash: recipe.hash.toString("hex") });
}

async function main() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "inspector-client-"));
    say({ what: "unencrypted", refused: await refusedWithoutEncryption() });
    const client = await trustingClient(folder);
    await client.connect(endpoint);
    const session = await client.createSession({ type: UserTokenType.UserName, userName: user, password });
    const namespaces = await session.readNamespaceArray();
    const [ours, vision] = [namespaces.indexOf(OURS), namespaces.indexOf(VISION)];
    await readStation(session, ours);
    await tellEvents(session, ours, vision);
    await session.close();
    await client.disconnect();
    await client.clientCertificateManager.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
}

main().then(
    () => process.exit(0),
    (error) => {
        say({ what: "failed", why: String(error) });
        process.exit(1);
    },
);
