// The world outside the PLC: a belt that moves, parts that come, and whether they are good.
"use strict";

const LONGEST_STEP_US = 30e3; // the belt stands while no program watches it, and moves less than a part's distance in a scan
const JITTER = 0.2;

class Belt {
    // counts: where it stood, not wrapped.
    constructor(countsPerS, counts = 0) {
        this.countsPerUs = countsPerS / 1e6;
        this.counts = counts;
        this.lastUs = null;
    }

    // Return what the encoder shows now.
    moved(nowUs) {
        const stepUs = this.lastUs === null ? 0 : Math.min(nowUs - this.lastUs, LONGEST_STEP_US);
        this.lastUs = nowUs;
        this.counts += stepUs * this.countsPerUs;
        return Math.floor(this.counts) % 2 ** 32;
    }
}

// Where parts come in, spacing apart on average. The same seed brings the same parts.
class Eye {
    constructor({ seed, spacing, badShare }) {
        this.seed = seed;
        this.spacing = spacing;
        this.badShare = badShare;
        this.open = true;
        this.seen = 0;
        this.nextAt = null;
    }

    // Return whether a part came since the last scan. However late a scan is, parts stay the smallest distance apart.
    sees(counts) {
        this.nextAt ??= counts + this.spacing;
        if (!this.open || counts < this.nextAt) return false;
        this.seen += 1;
        const distance = this.spacing * (1 + JITTER * (2 * drawn(`${this.seed} distance ${this.seen}`) - 1));
        this.nextAt = Math.max(this.nextAt + distance, counts + this.spacing * (1 - JITTER));
        return true;
    }

    isBad(id) {
        return drawn(`${this.seed} truth ${id}`) < this.badShare;
    }
}

// Return a number from 0 to below 1 that depends on nothing but the text: FNV-1a, then the finish of MurmurHash3.
function drawn(seed) {
    let hash = 2166136261;
    for (const character of seed) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

module.exports = { Belt, Eye };
