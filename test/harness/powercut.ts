/**
 * Pulls boards' plugs while files of known content are written and synced: at the milestones that
 * the console shows, and at random moments.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Machine } from '../../scripts/emulator/machine.js';
import { blank } from '../../scripts/image/flash.js';
import { emptyData } from '../../scripts/image/chips.js';
import { board, type Bench } from './board.js';
import { bootState } from './records.js';

/** The activity of the board when its plug is pulled. */
export type Scene = 'start' | 'done' | 'switch' | 'order' | 'reset' | 'chance';
export const SCENES: readonly Scene[] = ['start', 'done', 'switch', 'order', 'reset', 'chance'];

export interface Cut {
  scene: Scene;
  /** The id of the last finished step; or `1234 ms`, the time since the board was up. */
  moment: string;
}

export interface Result extends Cut {
  /** The number of files that the console reported as synced before the plug was pulled. */
  committed: number;
  /** The errors found afterwards, in words; empty when everything is correct. */
  wrong: string[];
}

/**
 * The content of the file with a number. It is long enough to span several flash pages, and differs
 * from file to file.
 */
const content = (number: number): string =>
  `${String(number).padStart(8, '0')}-`.repeat(40 * (1 + (number % 7)));

const FOLDER = '/root/powercut';

/** How often to look for a step on the console, and how long to wait for it. */
const LOOK_MS = 5;
const ORDER_MS = 60_000;

/**
 * A shell program for the board. It writes one file after the other, syncs each, and reports it
 * only then. Its files have the same content as content().
 */
const writer = (from: number, pauseMs: number): string =>
  `mkdir -p ${FOLDER}; (i=${from}; while :; do n=$(printf %08d $i); c=; k=$((40 * (1 + i % ` +
  `7))); while [ $k -gt 0 ]; do c=$c$n-; k=$((k - 1)); done; printf %s "$c" >${FOLDER}/next ` +
  `&& sync && mv ${FOLDER}/next ${FOLDER}/$i && sync && echo "committed $i" >/dev/console; ` +
  `i=$((i + 1)); usleep ${pauseMs}000; done) </dev/null >/dev/null 2>&1 &`;

const committedOn = ({ console }: Pick<Machine, 'console'>): number[] =>
  [...console.matchAll(/^committed (\d+)\r?$/gm)].map(([, number]) => Number(number));

/**
 * The steps that a boot shows on its console, in order. The stages of a verb follow one another.
 */
const milestones = (console: string): string[] =>
  [...console.matchAll(/mountroot: step \d+\/\d+ (\S+): (?:done|kept)/g)].map(([, step]) => step!);

export class PowerCuts {
  private next = 1;
  private readonly files = new Set<number>();
  /** Files that an interrupted switch had copied. Either all of them must be there, or none. */
  private perhaps: number[] = [];

  constructor(private readonly bench: Bench) {}

  /** Boots once without a cut, and returns the moments at which a scene can be cut. */
  async moments(scene: Scene): Promise<string[]> {
    if (scene === 'chance') return [];
    // An order has few steps, and they are always the same.
    if (scene === 'order') return ['meta', 'order', 'state', 'order-synced'];
    const machine = await this.begin(scene);
    await machine.waitFor(/init: done, status \d/);
    const [before, after] = machine.console.split('init: ready') as [string, string];
    await machine.kill();
    const all = milestones(scene === 'done' || scene === 'switch' ? after : before);
    if (scene === 'switch') this.files.clear();
    return scene === 'reset' ? all.filter((step) => /^reset(-synced|-done)?$/.test(step)) : all;
  }

  /** Starts a board whose next activity is the scene. */
  private async begin(scene: Scene): Promise<Machine> {
    if (scene === 'switch') {
      const data = blank(board.flash.chips.at(-1)!);
      Buffer.from('deadc0de', 'hex').copy(data);
      writeFileSync(this.bench.flash.at(-1)!, data);
      this.files.clear();
    }
    if (scene === 'reset') {
      const machine = await this.bench.bootToInit();
      await machine.output(
        'echo kept >/etc/kept && echo gone >/etc/.gone && mountroot reset --yes --keep ' +
          `/etc/kept --keep ${FOLDER} && sync`,
      );
      await machine.kill();
    }
    // The agent logs steps at the debug level.
    return this.bench.boot({ append: 'loglevel=8' });
  }

  async cut({ scene, moment }: Cut): Promise<Result> {
    const machine = await this.begin(scene);
    if (scene === 'order') return this.cutOrder(machine, moment);
    if (scene === 'start' || scene === 'reset') await machine.waitFor(exactly(moment));
    else {
      await machine.waitFor(/init: ready/);
      // Erasing flash takes seconds of the board's time. The pause keeps the board from filling its
      // memory during that.
      await machine.run(writer(this.next, scene === 'switch' ? 300 : 50));
      if (scene === 'chance') await delay(Number.parseInt(moment, 10));
      else await machine.waitFor(exactly(moment));
    }
    const done = /init: done, status 0/.test(machine.console);
    await machine.kill();
    const committed = committedOn(machine);
    this.next = Math.max(this.next, ...committed.map((number) => number + 2));
    this.perhaps = [];
    if (scene !== 'switch' || done) for (const number of committed) this.files.add(number);
    else this.expectAfterSwitch(machine.console);
    return { scene, moment, committed: committed.length, wrong: await this.checked(scene) };
  }

  /**
   * A root in memory syncs its files to memory only, until the switch has copied them to flash. The
   * switch copies all files that existed when it froze the root.
   */
  private expectAfterSwitch(console: string): void {
    const [beforeFreeze = '', sinceFreeze] = console.split(exactly('freeze'));
    const copied = committedOn({ console: beforeFreeze });
    if (sinceFreeze === undefined || !exactly('upper-synced').test(console)) this.perhaps = copied;
    else for (const number of copied) this.files.add(number);
  }

  /**
   * Orders a reset on a running board and cuts its power meanwhile. Afterwards the reset must be
   * ordered, or nothing has changed.
   */
  private async cutOrder(machine: Machine, moment: string): Promise<Result> {
    await machine.waitFor(/init: done, status \d/);
    await machine.output('echo kept >/etc/kept && echo gone >/etc/.gone && sync');
    // We skip the console's text so far, because the boot reported steps of the same names.
    const told = machine.console.length;
    await machine.run(
      `(MOUNTROOT_LOG=kmsg mountroot reset --yes --keep /etc/kept --keep ${FOLDER}) ` +
        '</dev/null >/dev/null 2>&1 &',
    );
    for (let waited = 0; !exactly(moment).test(machine.console.slice(told)); waited += LOOK_MS) {
      if (waited > ORDER_MS) throw new Error(`the order to reset never came to step ${moment}`);
      await delay(LOOK_MS);
    }
    await machine.kill();
    return { scene: 'order', moment, committed: 0, wrong: await this.checked('order') };
  }

  /** A board that does not come up is a result too: the worst one. */
  private checked = (scene: Scene): Promise<string[]> =>
    this.check(scene).catch((error: unknown) => [
      `the next boot did not come up: ${(error as Error).message}`,
    ]);

  private async check(scene: Scene): Promise<string[]> {
    const wrong: string[] = [];
    let machine = await this.bench.bootToInit();
    const rung = async (): Promise<string> => ((await bootState(machine)) as { rung: string }).rung;
    if ((await rung()) !== 'persistent') wrong.push(`the next boot is on rung ${await rung()}`);
    if (scene === 'reset') {
      const { output } = await machine.run(
        'cat /etc/kept; ls /etc/.gone /overlay/.mountroot/reset.json 2>/dev/null; true',
      );
      if (output !== 'kept\n') wrong.push(`after the reset there is ${JSON.stringify(output)}`);
    }
    if (scene === 'order') {
      const { output } = await machine.run(
        'cat /etc/kept; ls /etc/.gone /overlay/.mountroot/reset.json 2>/dev/null; true',
      );
      if (output !== 'kept\n' && output !== 'kept\n/etc/.gone\n')
        wrong.push(`after the order to reset there is ${JSON.stringify(output)}`);
    }
    const listed = (
      await machine.run(
        `cd ${FOLDER} 2>/dev/null && for f in *; do [ -f $f ] && echo $f $(md5sum <$f); done; true`,
      )
    ).output;
    const { createHash } = await import('node:crypto');
    const sums = new Map(
      listed
        .split('\n')
        .map((line) => line.split(' '))
        .map(([name, sum]) => [name, sum]),
    );
    for (const number of this.files)
      if (sums.get(String(number)) !== createHash('md5').update(content(number)).digest('hex'))
        wrong.push(`file ${number} is ${sums.has(String(number)) ? 'changed' : 'lost'}`);
    const there = this.perhaps.filter((number) => sums.has(String(number)));
    if (there.length > 0 && there.length < this.perhaps.length)
      wrong.push(
        `of ${this.perhaps.length} files that were being switched only ${there.length} are ` +
          'there, so the others are lost',
      );
    this.perhaps = [];
    await machine.powerOff();
    if (wrong.length > 0) {
      machine = await this.bench.bootToInit();
      wrong.push(`one boot later the rung is ${await rung()}`);
      await machine.kill();
    }
    return wrong;
  }

  /** Empties the board's data. */
  renew(): void {
    writeFileSync(this.bench.flash.at(-1)!, emptyData(board));
    this.files.clear();
  }
}

/** The number of steps in a plan varies from boot to boot, so we identify a step by its id. */
const exactly = (moment: string): RegExp =>
  new RegExp(`step \\d+/\\d+ ${moment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}: (done|kept)`);
