/** What the engine said last to one question. The same bytes again mean the same: they are neither parsed nor taken apart a second time. */
export class LastAnswer<T> {
  #last: { readonly bytes: Buffer; readonly meaning: T } | undefined;

  /** What the answer means; `mean` is asked only where it is another one than before. */
  read(bytes: Buffer, mean: (bytes: Buffer) => T): T {
    if (this.#last?.bytes.equals(bytes) === true) return this.#last.meaning;
    const meaning = mean(bytes);
    // A copy: what comes from a socket is a part of a far larger buffer, and would keep it.
    this.#last = { bytes: Buffer.from(bytes), meaning };
    return meaning;
  }
}
