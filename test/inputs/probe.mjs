// node --import probe.mjs PROGRAM: notes in the file MOORING_INPUTS_PROBE how long the main thread was busy at a stretch, in milliseconds of its own
// CPU: how busy the machine is with others says nothing about an input.
import { appendFileSync } from 'node:fs';

const TICK_MS = 20;
const WORTH_A_NOTE_MS = 50;
const file = process.env.MOORING_INPUTS_PROBE;
let before = process.threadCpuUsage();

function tick() {
  const { user, system } = process.threadCpuUsage(before);
  before = process.threadCpuUsage();
  const busyMs = (user + system) / 1000;
  if (busyMs >= WORTH_A_NOTE_MS) appendFileSync(file, `${process.pid} ${Math.round(busyMs)}\n`);
}

if (file !== undefined) setInterval(tick, TICK_MS).unref();
