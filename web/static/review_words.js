// Every word the review screen's scripts put on it.
export const ACTIONS = {
  ok: "Good part",
  other: "Another defect",
  defect: "Defect",
  unsure: "Unsure",
  next: "Later",
  back: "Back",
  undo: "Undo",
  zoom: "Zoom",
  fit: "Whole picture",
  boxes: "Boxes",
  view: "Next view",
  comment: "Comment",
  help: "Keys",
};
for (let n = 1; n <= 7; n += 1) ACTIONS[`kind${n}`] = `Defect ${n}`;

const NAMES = { Space: "Space", Escape: "Esc", Slash: "/", Minus: "−", Equal: "+" };
// What is printed there on most keyboards.
export const key = (code) => NAMES[code] ?? code.replace(/^(Key|Digit|Arrow)/, "").replace(/^Numpad/, "Num ");

export const kind = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
export const count = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");
export const blind = "Judge by the picture alone: what was said of this part is not shown.";
export const open = "An operator and the model judged this part differently. Which is right?";
export const gone = "The picture is not there any more";
export const looking = "Look first …";
export const progress = (answered, waits) => `${count(answered)} answered in 12 h · ${count(waits)} wait`;
export const emptyQueue = "Nothing waits for you here";
export const others = (n) => `${count(n)} ${n === 1 ? "part waits" : "parts wait"} for somebody else`;
export const loading = "Looking for the next picture …";
export const missedSeed =
  "That picture had a known defect, put there to measure the audit. It counts against no part; look a little longer at the next ones.";
export const undone = "Taken back: answer again. Until then the part stands as unsure.";
export const nothingToUndo = "There is nothing to take back";
export const away = (n) =>
  n ? `The server does not answer. ${count(n)} ${n === 1 ? "answer is" : "answers are"} kept here and sent again.`
    : "The server does not answer.";
export const signedOut = "You are signed out. Sign in again to go on.";
export const notTaken = (why) => `Not taken: ${why}`;
export const last = (verdict, kindOf) => {
  const named = kindOf ? kind(kindOf) : ACTIONS.defect;
  return `Last answer: ${{ OK: ACTIONS.ok, UNSURE: ACTIONS.unsure }[verdict] ?? named}`;
};

const VERDICT = { reject: "reject", unknown: "unknown", pass: "pass" };
const ANSWER = { reject: "reject", pass: "good part" };
const time = (at) => new Date(at).toLocaleString("sv").slice(0, 16);
// What was said of a part that is not judged blind: the model first, then people.
export function told(item) {
  const found = item.findings.map((f) => `${kind(f.kind)} ${f.score.toFixed(2)}${f.limit === null ? "" : `, limit ${f.limit.toFixed(2)}`}`);
  const lines = [`Part ${count(item.number)} · ${time(item.triggered_at)}`];
  lines.push(`Model: ${VERDICT[item.verdict]}${found.length ? ` (${found.join("; ")})` : ""}`);
  for (const word of item.words) lines.push(`${word.by}: ${ANSWER[word.verdict]}${word.late ? ", too late" : ""} · ${time(word.at)}`);
  return lines;
}
