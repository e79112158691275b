// One station's program: the rule of docs/plc/README.md, written from that page and docs/plc/tags.md.
// No clock, no network: each scan is handed time and belt position, and returns what happened.
"use strict";

const EMPTY = 0;
const PASS = 1;
const REJECT = 2;
const IDS = 2 ** 24; // a word carries the low 24 bits of an id
const HALF = 2 ** 31; // an unsigned difference from here on is a step back
const ALIVE_US = 1e6;
const GAP_US = 5e5;
const GAP_PARTS = 2;
const BEAT_US = 1e5;
const ACTION = { pass: 1, reject: 2, failSafe: 3, operatorPass: 6, operatorReject: 7 };
// What outlives a stop of the program, beside the parts on the belt.
const KEPT = ["Track.PartId", "Track.DecidedPartId", "Track.Ring", "Decision.Slots", "Link.Epoch", "Link.BootCount"];
const KEPT_COUNTS = ["Triggered", "Decided", "Passed", "Rejected", "FailSafe"];

const difference = (later, earlier) => (later - earlier) >>> 0;
const idOf = (word) => word >>> 8;

class StationProgram {
    // node: every node by its name below the prefix; of Verdict.Slot and Operator.Slot the whole table.
    constructor({ views, slots, rejectAt, outputAt, epoch, kept }) {
        this.views = views;
        this.slots = slots;
        this.rejectAt = rejectAt;
        this.outputAt = outputAt;
        this.comparesEpochs = epoch;
        this.node = freshNodes(views, slots);
        this.belt = [];
        this.gaps = Object.fromEntries(views.map((view) => [view, { request: 0, open: false, parts: 0, sinceUs: 0 }]));
        this.beatSeen = 0;
        this.heardUs = 0;
        this.ownBeatUs = null;
        this.heartbeatFrozen = false;
        this.changed = true;
        if (kept) this._restore(kept);
        this.node["Link.BootCount"] += 1;
    }

    // Return what a power cut must not take.
    kept() {
        const nodes = keptNames(this.views).map((name) => [name, typeof this.node[name] === "number" ? this.node[name] : [...this.node[name]]]);
        return { nodes: Object.fromEntries(nodes), belt: this.belt };
    }

    // Run one cycle; returns its events, oldest first. partAtEye: a part came since the last one.
    scan({ nowUs, encoder, partAtEye }) {
        this.events = [];
        this.nowUs = nowUs;
        this.encoder = encoder;
        this.node["Track.Encoder"] = encoder;
        this._hearGateway();
        this._latchOperator();
        if (partAtEye) this._enter();
        this.views.forEach((view) => this._fire(view));
        while (this.belt.length && this._hasReached(this.belt[0], this.rejectAt)) this._decide(this.belt.shift());
        this.node["Count.OnBelt"] = this.belt.length;
        this._beat();
        this.changed = this.changed || this.events.length > 0;
        return this.events;
    }

    _restore(kept) {
        for (const [name, value] of Object.entries(kept.nodes)) {
            this.node[name] = Array.isArray(value) ? Uint32Array.from(value) : value;
        }
        // The belt may have moved unwatched: nothing on it is fired for or passed any more.
        this.belt = kept.belt.map((part) => ({ ...part, stale: true, due: [] }));
    }

    _hearGateway() {
        const said = this.node["Link.GatewayEpoch"];
        if (said !== 0 && said !== this.node["Link.Epoch"] && difference(said, this.node["Link.Epoch"]) < HALF) {
            this.node["Link.Epoch"] = said;
            this.changed = true;
        }
        if (this.node["Link.GatewayHeartbeat"] !== this.beatSeen) {
            this.beatSeen = this.node["Link.GatewayHeartbeat"];
            this.heardUs = this.nowUs;
            this.node["Link.GatewayAlive"] = true;
        } else if (this.nowUs - this.heardUs > ALIVE_US) {
            this.node["Link.GatewayAlive"] = false;
        }
    }

    // Highest revision wins, REJECT wins a tie. The last four bits are revision and verdict, so they rank as a number.
    _latchOperator() {
        const latched = this.node["Operator.Latched"];
        for (const part of this.belt) {
            const slot = part.id % this.slots;
            const word = this.node["Operator.Slot"][slot];
            const holdsSlot = this.node["Track.Ring"][3 * slot] === part.id;
            if (part.stale || !holdsSlot || !this._isAbout(word, part)) continue;
            const [rank, before, verdict] = [word & 15, latched[slot] & 15, word & 3];
            const wins = verdict === REJECT ? rank >= before : verdict === PASS && rank > before;
            if (rank >= 4 && wins) latched[slot] = word;
        }
    }

    _isAbout(word, part) {
        const epochFits = !this.comparesEpochs || ((word >>> 4) & 15) === (this.node["Link.Epoch"] & 15);
        return idOf(word) === part.id % IDS && epochFits;
    }

    _enter() {
        const id = difference(this.node["Track.PartId"] + 1, 0) || 1;
        const slot = id % this.slots;
        for (const table of ["Verdict.Slot", "Operator.Slot", "Operator.Latched"]) this.node[table][slot] = EMPTY;
        this._note("Track.Ring", id);
        this.node["Track.PartId"] = id;
        this.node["Count.Triggered"] += 1;
        this.belt.push({ id, encoder: this.encoder, unseen: false, stale: false, due: [...this.views] });
        this.events.push(["part", { id }]);
    }

    _note(ring, id) {
        this.node[ring].set([id, this.encoder, this.nowUs % 2 ** 32], 3 * (id % this.slots));
    }

    _hasReached(part, place) {
        const travelled = difference(this.encoder, part.encoder);
        return travelled < HALF && travelled >= place;
    }

    // Fire a camera for each part that has reached it, except in a gap that the gateway asked for.
    _fire(view) {
        const gap = this.gaps[view];
        const request = this.node[`Sync.${view}.Request`];
        if (request !== 0 && request !== gap.request) Object.assign(gap, { request, open: true, parts: 0 });
        for (const part of this.belt) {
            if (!part.due.includes(view)) continue;
            if (!this._hasReached(part, this.outputAt[view])) break; // one after the other, also where the belt turned back
            part.due = part.due.filter((other) => other !== view);
            if (this._withholds(gap, view, part)) continue;
            this._note(`Camera.${view}.Ring`, part.id);
            this.events.push(["fired", { view, id: part.id, time_us: this.nowUs }]);
        }
    }

    _withholds(gap, view, part) {
        if (!gap.open) return false;
        if (gap.parts === 0) gap.sinceUs = this.nowUs;
        if (gap.parts >= GAP_PARTS && this.nowUs - gap.sinceUs >= GAP_US) {
            gap.open = false;
            this.node[`Sync.${view}.Answer`].set([gap.request, part.id]);
            return false;
        }
        gap.parts += 1;
        part.unseen = true;
        return true;
    }

    _decide(part) {
        const action = this._action(part);
        this.node["Decision.Slots"][part.id % this.slots] = (part.id % IDS) * 256 + action;
        this.node["Track.DecidedPartId"] = part.id;
        this.node["Count.Decided"] += 1;
        const passes = action === ACTION.pass || action === ACTION.operatorPass;
        const counter = passes ? "Passed" : action === ACTION.failSafe ? "FailSafe" : "Rejected";
        this.node[`Count.${counter}`] += 1;
        this.events.push(["decided", { id: part.id, action }]);
        if (!passes) this.events.push(["actuated", { id: part.id }]);
    }

    _action(part) {
        const slot = part.id % this.slots;
        const [said, latched] = [this.node["Verdict.Slot"][slot], this.node["Operator.Latched"][slot]];
        const person = !part.stale && idOf(latched) === part.id % IDS ? latched & 3 : EMPTY;
        const fresh = this.node["Link.GatewayAlive"] && !part.stale && this._isAbout(said, part);
        const machine = fresh ? said & 15 : EMPTY;
        if (person === REJECT) return ACTION.operatorReject;
        if (machine === PASS && !part.unseen) return ACTION.pass;
        if (machine !== REJECT) return ACTION.failSafe;
        return person === PASS && this.node["Config.AllowOperatorPass"] && !part.unseen ? ACTION.operatorPass : ACTION.reject;
    }

    _beat() {
        this.ownBeatUs ??= this.nowUs;
        if (this.nowUs - this.ownBeatUs < BEAT_US) return;
        this.ownBeatUs = this.nowUs;
        if (!this.heartbeatFrozen) this.node["Link.PlcHeartbeat"] = difference(this.node["Link.PlcHeartbeat"] + 1, 0);
    }
}

function keptNames(views) {
    return [...KEPT, ...KEPT_COUNTS.map((name) => `Count.${name}`), ...views.map((view) => `Camera.${view}.Ring`)];
}

// This line never holds and has no pass-all key: it shows so.
function freshNodes(views, slots) {
    const numbers = ["Track.PartId", "Track.Encoder", "Track.DecidedPartId", "Link.GatewayHeartbeat", "Link.GatewayEpoch", "Link.Epoch", "Link.PlcHeartbeat", "Link.BootCount", "Config.HoldAfterUnknown", "Config.HoldAfterSilence_ms", "Count.OnBelt", ...KEPT_COUNTS.map((name) => `Count.${name}`), ...views.map((view) => `Sync.${view}.Request`)];
    const tables = ["Verdict.Slot", "Operator.Slot", "Operator.Latched", "Decision.Slots"];
    const rings = ["Track.Ring", ...views.map((view) => `Camera.${view}.Ring`)];
    return {
        ...Object.fromEntries(numbers.map((name) => [name, 0])),
        ...Object.fromEntries(tables.map((name) => [name, new Uint32Array(slots)])),
        ...Object.fromEntries(rings.map((name) => [name, new Uint32Array(3 * slots)])),
        ...Object.fromEntries(views.map((view) => [`Sync.${view}.Answer`, new Uint32Array(2)])),
        "State.StateCurrent": 6,
        "Link.GatewayAlive": false,
        "Config.PassAll": false,
        "Config.AllowOperatorPass": true,
        "Config.AutoResume": false,
    };
}

module.exports = { StationProgram };
