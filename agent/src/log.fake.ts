import type { Log } from './log.ts';

/** A log that remembers what was said. */
export class RememberedLog implements Log {
  readonly lines: string[] = [];

  debug(_: object, message: string): void {
    this.lines.push(`debug: ${message}`);
  }

  info(_: object, message: string): void {
    this.lines.push(`info: ${message}`);
  }

  warn(_: object, message: string): void {
    this.lines.push(`warn: ${message}`);
  }

  error(_: object, message: string): void {
    this.lines.push(`error: ${message}`);
  }
}
