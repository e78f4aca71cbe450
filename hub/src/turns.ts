/** Runs tasks one after the other, in the order they were asked for. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs the task when those before it have ended, however they ended. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.last.then(task);
    // The next in line only waits for this one; its failure belongs to whoever asked for it.
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    await this.last;
  }
}
