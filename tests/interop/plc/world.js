// The world outside the PLC: when parts come, and whether they are good.
"use strict";

const JITTER = 0.2;

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

module.exports = { Eye };
