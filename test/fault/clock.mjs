// Loaded before a program (`node --import`): its wall clock is off by as many milliseconds as the file says that MOORING_TEST_CLOCK names. The file is
// read again as time passes, so that the clock can jump while the program runs. Timers and performance.now() stay as they are, as with a wall clock
// that somebody sets; OpenSSL keeps the clock of the machine.
import { readFileSync } from 'node:fs';

const file = process.env.MOORING_TEST_CLOCK;
// Reading costs little, and a jump is seen within this time.
const READ_EVERY_MS = 100;
const RealDate = Date;
const realNow = RealDate.now;
let offsetMs = 0;
let readAtMs = Number.NEGATIVE_INFINITY;

function now() {
  const real = realNow();
  if (file !== undefined && Math.abs(real - readAtMs) >= READ_EVERY_MS) {
    readAtMs = real;
    offsetMs = Number(readFileSync(file, 'utf8'));
  }
  return real + offsetMs;
}

globalThis.Date = class MovedDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};
