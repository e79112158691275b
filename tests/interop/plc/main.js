// A PLC for the interop tests, on node-opcua: it shares no code with the library that the gateway uses.
//
//     node main.js --folder DIR --port 0 --station board:top,side --trust gateway.der --password-env PLC_PASSWORD
//
// A part's place is counted from the eye, in encoder counts; the view number n of a station (from 0) stands at
// (n + 1) * output-at. The belt stands when ordered to, and while this process does not run (SIGSTOP); it goes on from there
// after a restart with the same folder: what a PLC retains lies in DIR/retentive.json, its certificate in DIR/certificate.der.
//
// stdout, one JSON object a line; read it, or the program will stand. Times are CLOCK_MONOTONIC in µs, of which the rings
// hold the low 32 bits. "station" is the prefix.
//     {"ready": {"endpoint", "certificate", "boot"}}
//     {"part": {"station", "id", "bad"}}               at the eye, with the truth
//     {"fired": {"station", "view", "id", "time_us"}}   that camera was triggered for the part; not said of a withheld output
//     {"decided": {"station", "id", "action"}}          once for each part
//     {"actuated": {"station", "id"}}                   the actuator moved: once for each reject
//     {"sessions": {"open"}}                            how many stand, when it changes
//     {"done": ORDER}, {"failed": WHY}                  the answer to each order
//
// stdin, one JSON object a line:
//     {"do": "writes", "as": KIND, "ms", "status", "count", "only"}   what becomes of each write request from now on:
//         "none"             what it should
//         "slow"             carried out and answered ms later
//         "late"             answered Good at once, carried out ms later
//         "again"            carried out and answered, and carried out a second time ms later
//         "done_with_error"  carried out, and answered with status ("BadInternalError")
//         "refused"          answered with status and not carried out
//         "unanswered"       carried out, never answered
//       count: of so many requests, without it of all; only: of those to nodes that begin so ("Verdict.", "Link.Gateway")
//       With --transport pull nobody writes here, and it is said of what was read from the gateway: "none", "slow", "late", "again" (copied,
//       and a second time ms later) and "refused" (read, and lost before it was copied).
//     {"do": "close_sessions"}            the server ends each session
//     {"do": "cut"}                       each TCP connection ends without a word
//     {"do": "freeze_heartbeat", "ms"}    Link.PlcHeartbeat stands, all else goes on
//     {"do": "freeze_triggers", "ms"}     clients see the Track and Camera nodes as they are now, all else goes on
//     {"do": "raise_epoch", "by"}         another gateway writes a higher epoch to each station
//     {"do": "stop_parts"}, {"do": "start_parts"}       at the eye; the belt runs on
//     {"do": "stop_belt"}, {"do": "start_belt"}         with all that lies on it; the program runs on
//     {"do": "quit"}                      the process ends between two scans like in a power cut, with all that it said
//                                         retained: start it again. The end of stdin does the same
"use strict";

console.log = console.error; // the library's own words: stdout is for ours

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { parseArgs } = require("util");
const { StationProgram } = require("./program");
const { Pull } = require("./pull");
const { PlcServer } = require("./server");
const { addMailboxes, emptyMailboxes } = require("./ways");
const { Eye } = require("./world");

const SCAN_MS = 10;
const LONGEST_LATE_US = 5e5; // shorter stops of this process are caught up with, in longer ones the belt stands
const text = (initial) => ({ type: "string", default: initial });
const many = { type: "string", multiple: true, default: [] };
const flag = { type: "boolean", default: false };
const OPTIONS = {
    folder: { type: "string" },
    port: text("0"),
    station: { ...many, default: ["board:top"] },
    trust: many, // the gateway's certificate, DER
    user: text("inspector"),
    "password-env": text("PLC_PASSWORD"),
    "max-sessions": text("3"),
    slots: text("64"),
    "counts-per-s": text("5000"),
    "reject-at": text("5000"), // counts from the eye
    "output-at": text("500"),
    rate: text("5"), // parts a second at each station
    "bad-share": text("0.3"),
    seed: text("1"),
    "no-operator-table": flag, // lacking nodes
    "no-epoch": flag,
    "shift-namespace": flag, // another namespace comes before ours
    "wrong-type": many, // mistakes, by the node's whole name: board.Link.Epoch
    missing: many,
    "read-only": many,
    "none-only": flag, // no encryption is offered
    transport: text("tables"), // or "mailbox", "method", "pull": the way of the words
    pull: text(""), // with that, no node may be written: the words are read from the gateway's server at this endpoint
    "pull-certificate": text(""), // that server's, DER; may appear later
    "pull-each-ms": text("50"),
    foreign: flag, // names and types of its own, and only the nodes without which nothing works: foreign.js
};

const monotonicUs = () => Number(process.hrtime.bigint() / 1000n);

function say(what) {
    process.stdout.write(JSON.stringify(what) + "\n"); // to a pipe this waits until it is written
}

// The stations with their belt: one scan after the other, retained before anything of it is said.
class Plc {
    constructor(values) {
        this.file = path.join(values.folder, "retentive.json");
        const kept = fs.existsSync(this.file) ? JSON.parse(fs.readFileSync(this.file, "utf8")) : { stations: {} };
        this.counts = kept.encoder ?? 0;
        this.countsPerScan = (Number(values["counts-per-s"]) * SCAN_MS) / 1000;
        this.transport = values.transport;
        this.beltRuns = true;
        this.programs = {};
        this.eyes = {};
        for (const station of values.station) {
            const [prefix, views] = station.split(":");
            this._add(prefix, views.split(","), values, kept.stations[prefix]);
        }
        this._keep();
    }

    start() {
        this.dueUs = monotonicUs();
        setInterval(() => this._run(), SCAN_MS);
    }

    // Run each scan that is due: a program is punctual even where the computer is late.
    _run() {
        const nowUs = monotonicUs();
        this.dueUs = Math.max(this.dueUs, nowUs - LONGEST_LATE_US);
        for (; this.dueUs <= nowUs; this.dueUs += SCAN_MS * 1000) this._scan(this.dueUs);
    }

    _scan(nowUs) {
        if (this.beltRuns) this.counts += this.countsPerScan;
        const encoder = Math.floor(this.counts) % 2 ** 32;
        const said = [];
        for (const [station, program] of Object.entries(this.programs)) {
            if (this.transport === "mailbox") emptyMailboxes(program);
            const eye = this.eyes[station];
            const partAtEye = eye.sees(this.counts);
            for (const [what, facts] of program.scan({ nowUs, encoder, partAtEye })) {
                said.push({ [what]: { station, ...facts, ...(what === "part" && { bad: eye.isBad(facts.id) }) } });
            }
        }
        this._keep();
        said.forEach(say);
    }

    _add(prefix, views, values, kept) {
        const outputAt = Object.fromEntries(views.map((view, number) => [view, (number + 1) * Number(values["output-at"])]));
        const rejectAt = Number(values["reject-at"]);
        this.programs[prefix] = new StationProgram({ views, slots: Number(values.slots), rejectAt, outputAt, epoch: !values["no-epoch"] && !values.foreign, kept });
        if (this.transport === "mailbox") addMailboxes(this.programs[prefix]);
        const spacing = Number(values["counts-per-s"]) / Number(values.rate);
        this.eyes[prefix] = new Eye({ seed: `${values.seed} ${prefix}`, spacing, badShare: Number(values["bad-share"]) });
    }

    // Whole or not at all: the process may be killed at any time.
    _keep() {
        const programs = Object.entries(this.programs);
        if (!programs.some(([, program]) => program.changed)) return;
        const stations = Object.fromEntries(programs.map(([prefix, program]) => [prefix, program.kept()]));
        fs.writeFileSync(`${this.file}.new`, JSON.stringify({ encoder: this.counts, stations }));
        fs.renameSync(`${this.file}.new`, this.file);
        programs.forEach(([, program]) => (program.changed = false));
    }
}

function countSessions(server) {
    let open = 0;
    setInterval(() => {
        if (open === server.sessions()) return;
        open = server.sessions();
        say({ sessions: { open } });
    }, SCAN_MS);
}

function puller(plc, server, values) {
    const pull = new Pull(plc.programs, {
        endpoint: values.pull,
        certificate: values["pull-certificate"],
        user: values.user,
        password: process.env[values["password-env"]],
        eachMs: Number(values["pull-each-ms"]),
        own: server.own(),
    });
    pull.run();
    return pull;
}

// writes: what is disturbed by the order of that name.
function orders(plc, server, writes) {
    const each = (act) => Object.values(plc.programs).forEach(act);
    return {
        writes: (order) => writes.expect(order),
        close_sessions: () => server.closeSessions(),
        cut: () => server.cutConnections(),
        freeze_heartbeat({ ms }) {
            each((program) => (program.heartbeatFrozen = true));
            setTimeout(() => each((program) => (program.heartbeatFrozen = false)), ms);
        },
        freeze_triggers({ ms }) {
            server.freezeTriggers();
            setTimeout(() => server.frozen.clear(), ms);
        },
        raise_epoch: ({ by }) => each((program) => (program.node["Link.GatewayEpoch"] = program.node["Link.Epoch"] + by)),
        stop_parts: () => Object.values(plc.eyes).forEach((eye) => (eye.open = false)),
        start_parts: () => Object.values(plc.eyes).forEach((eye) => (eye.open = true)),
        stop_belt: () => (plc.beltRuns = false),
        start_belt: () => (plc.beltRuns = true),
        quit: () => process.exit(0),
    };
}

function obey(known, line) {
    try {
        const order = JSON.parse(line);
        known[order.do](order);
        say({ done: order.do });
    } catch (error) {
        say({ failed: `${line}: ${error.message}` });
    }
}

async function main() {
    const { values } = parseArgs({ options: OPTIONS });
    fs.mkdirSync(values.folder, { recursive: true });
    const plc = new Plc(values);
    const server = new PlcServer(plc.programs, values);
    const ready = await server.start();
    const boot = Object.values(plc.programs)[0].node["Link.BootCount"];
    say({ ready: { ...ready, boot } });
    plc.start();
    countSessions(server);
    const known = orders(plc, server, values.transport === "pull" ? puller(plc, server, values) : server.writes);
    readline.createInterface({ input: process.stdin }).on("line", (line) => obey(known, line)).on("close", () => process.exit(0));
}

main();
