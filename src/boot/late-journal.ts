import type { Journal } from '../execute/journal.js';

/**
 * A journal that stays in memory until /tmp is mounted. Process 1 begins without a /tmp, and the
 * mount would hide files that it wrote there before.
 */
export class LateJournal implements Journal {
  private opened: Journal | null = null;
  private readonly held: ((journal: Journal) => void)[] = [];

  /** @param open opens the journal itself; it never throws. */
  constructor(private readonly openJournal: () => Journal) {}

  open(): void {
    if (this.opened !== null) return;
    this.opened = this.openJournal();
    for (const write of this.held.splice(0)) write(this.opened);
  }

  private write(how: (journal: Journal) => void): void {
    if (this.opened !== null) how(this.opened);
    else this.held.push(how);
  }

  add: Journal['add'] = (record) => this.write((journal) => journal.add(record));
  facts: Journal['facts'] = (name, facts) => this.write((journal) => journal.facts(name, facts));
  keep: Journal['keep'] = (name, content) => this.write((journal) => journal.keep(name, content));
}
