import { digestOf, type RenderProblem } from '@mooring/proto';
import { isTransient } from '../render/problem.ts';
import type { InventoryHost } from '../render/rendering.ts';

/** A commit that was refused, and for which hosts: it is not rendered again as long as nothing could make it render. */
export class Refusal {
  private readonly commit: string;
  private readonly inventory: string;
  private readonly mayPass: boolean;
  private readonly problems: string;

  constructor(commit: string, problems: readonly RenderProblem[], inventory: readonly InventoryHost[]) {
    this.commit = commit;
    this.inventory = fingerprint(inventory);
    this.problems = JSON.stringify(problems);
    // A process that died may have been the machine's fault: a person who asks gets another attempt, a poll does not.
    this.mayPass = problems.some((problem) => isTransient(problem) || problem.code === 'SOURCE_CHILD_FAILED');
  }

  /** True when that head is refused without rendering it again. `asked`: a person wants to know now. */
  stands(head: string, inventory: readonly InventoryHost[], asked: boolean): boolean {
    if (head !== this.commit || (asked && this.mayPass)) return false;
    return fingerprint(inventory) === this.inventory;
  }

  /** True when the other refusal says nothing new: it need not be decided on again. */
  equals(other: Refusal): boolean {
    return this.commit === other.commit && this.problems === other.problems;
  }
}

/** Which hosts with which labels there are. */
function fingerprint(inventory: readonly InventoryHost[]): string {
  const hosts = inventory.map((host) => [host.name, Object.entries(host.labels).sort()]).sort();
  return digestOf(Buffer.from(JSON.stringify(hosts)));
}
