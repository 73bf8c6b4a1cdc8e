/// What happens next, as a winner tree on typed arrays: one slot for each actor and kind of event,
/// each with at most one time. The earliest time wins; equal times go to the lower slot. Slots are
/// given out in the order (actor, kind), so the order of events is (time, actor, kind) and never
/// depends on the order in which they were scheduled.
/// Left out: several pending events of one kind for one actor; an actor keeps its own queue.

/// Times are integer nanoseconds; Infinity: nothing is planned for that slot.
export interface Agenda {
  leaves: number; // slots there is room for, a power of two
  slots: number; // slots given out
  times: Float64Array; // by slot
  winners: Int32Array; // [1] is the slot with the earliest time; [leaves + s] is s itself
  kinds: Uint8Array; // by slot: what to run
  subjects: Int32Array; // by slot: on whom
}

/// An agenda with room for `leaves` slots; it grows when more are added.
export function createAgenda(leaves = 16): Agenda {
  let room = 2;
  while (room < leaves) room *= 2;
  const agenda: Agenda = {
    leaves: room,
    slots: 0,
    times: new Float64Array(room).fill(Infinity),
    winners: new Int32Array(room * 2),
    kinds: new Uint8Array(room),
    subjects: new Int32Array(room),
  };
  playAll(agenda);
  return agenda;
}

/// Adds an actor's slot and returns its number. It has no time yet.
export function addSlot(agenda: Agenda, kind: number, subject: number): number {
  if (agenda.slots === agenda.leaves) grow(agenda);
  const slot = agenda.slots++;
  agenda.kinds[slot] = kind;
  agenda.subjects[slot] = subject;
  return slot;
}

/// Plans (or moves, or with Infinity cancels) what the slot stands for.
export function setTime(agenda: Agenda, slot: number, time: number): void {
  const { times, winners } = agenda;
  times[slot] = time;
  let winner = slot;
  let winner_time = time;
  for (let node = slot + agenda.leaves; node > 1;) {
    const other = winners[node ^ 1]!;
    const other_time = times[other]!;
    if (other_time < winner_time || (other_time === winner_time && other < winner)) {
      winner = other;
      winner_time = other_time;
    }
    node >>= 1;
    // Another slot won here before and still does: nothing changes further up.
    if (winner === winners[node] && winner !== slot) return;
    winners[node] = winner;
  }
}

/// When the slot will fire; Infinity when it will not.
export function timeOf(agenda: Agenda, slot: number): number {
  return agenda.times[slot]!;
}

/// The slot that fires next, or -1 when nothing is planned.
export function nextSlot(agenda: Agenda): number {
  const slot = agenda.winners[1]!;
  return agenda.times[slot] === Infinity ? -1 : slot;
}

/// The slot that would fire next if this one did not, by the same order of (time, slot).
export function runnerUp(agenda: Agenda, slot: number): number {
  const { times, winners } = agenda;
  let best = -1;
  for (let node = slot + agenda.leaves; node > 1; node >>= 1) {
    const other = winners[node ^ 1]!;
    const time = times[other]!;
    if (best < 0 || time < times[best]! || (time === times[best]! && other < best)) best = other;
  }
  return best;
}

/// The time of the next event; Infinity when nothing is planned.
export function nextTime(agenda: Agenda): number {
  return agenda.times[agenda.winners[1]!]!;
}

function grow(agenda: Agenda): void {
  const leaves = agenda.leaves * 2;
  const times = new Float64Array(leaves).fill(Infinity);
  times.set(agenda.times);
  const kinds = new Uint8Array(leaves);
  kinds.set(agenda.kinds);
  const subjects = new Int32Array(leaves);
  subjects.set(agenda.subjects);
  agenda.leaves = leaves;
  agenda.times = times;
  agenda.kinds = kinds;
  agenda.subjects = subjects;
  agenda.winners = new Int32Array(leaves * 2);
  playAll(agenda);
}

function playAll(agenda: Agenda): void {
  const { leaves, times, winners } = agenda;
  for (let slot = 0; slot < leaves; slot++) winners[leaves + slot] = slot;
  for (let node = leaves - 1; node > 0; node--) {
    const left = winners[node * 2]!;
    const right = winners[node * 2 + 1]!;
    winners[node] = times[right]! < times[left]! ? right : left;
  }
}
