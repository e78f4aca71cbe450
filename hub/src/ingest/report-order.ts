/** Milliseconds after which a full report that did not come is asked for again. */
const ASK_AGAIN_MS = 10_000;

/** What to do with a report. */
export type ReportVerdict = 'store' | 'ask-for-full' | 'pass-over';

/** Keeps the order of the reports of one stream: state is never replaced by an older one, and a gap is mended by a full report. */
export class ReportOrder {
  #next = 1n;
  #complete = false;
  #askedAtMs: number | undefined;

  judge(report: { readonly sequence: bigint; readonly full: boolean }, nowMs: number): ReportVerdict {
    const { sequence, full } = report;
    const isNew = sequence >= this.#next;
    const isNext = sequence === this.#next;
    if (isNew) this.#next = sequence + 1n;
    if (full && isNew) {
      this.#complete = true;
      this.#askedAtMs = undefined;
      return 'store';
    }
    if (this.#complete && isNext) return 'store';
    this.#complete = false;
    if (this.#askedAtMs !== undefined && nowMs - this.#askedAtMs < ASK_AGAIN_MS) return 'pass-over';
    this.#askedAtMs = nowMs;
    return 'ask-for-full';
  }
}
