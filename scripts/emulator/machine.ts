import type { Board } from '../lib/board.js';
import { Failure, lastLines } from '../lib/report.js';
import type { BootFiles, BootOptions } from './command.js';
import { ControlLine, named, type Result } from './control-line.js';
import type { Qmp } from './qmp.js';
import { startQemu, type RunningQemu } from './qemu.js';

export interface MachineOptions extends Omit<BootOptions, 'serial' | 'qmp'> {
  /** After this time QEMU is killed, and everything that waits for the board fails. */
  timeLimitMs?: number;
  /** Called with each new piece of the console. */
  onConsole?: ((text: string) => void) | undefined;
}

export interface End {
  /** `guest-shutdown`, `guest-reset`, or undefined when QEMU was killed or failed. */
  reason: string | undefined;
  signal: NodeJS.Signals | null;
}

const TIME_LIMIT_MS = 120_000;

/** How many of the console's last lines a failure shows. */
const TAIL = 25;

/** One emulated board under power, with its console, its second line for commands, and its plug. */
export class Machine {
  /** All that the console has shown so far. */
  console = '';
  readonly ended: Promise<End>;
  readonly qmp: Qmp;
  private end: End | null = null;
  private seen = 0;
  private timedOut = false;
  private stderr = '';
  private readonly watchers = new Set<() => void>();
  private readonly control: ControlLine;

  private constructor(
    private readonly qemu: RunningQemu,
    { timeLimitMs = TIME_LIMIT_MS, onConsole }: Pick<MachineOptions, 'timeLimitMs' | 'onConsole'>,
  ) {
    this.qmp = qemu.qmp;
    qemu.console.setEncoding('utf8').on('data', (text: string) => {
      this.console += text;
      onConsole?.(text);
      this.wake();
    });
    // A killed QEMU resets its sockets. Its process tells that it ended.
    for (const socket of [qemu.console, qemu.control]) socket.on('error', () => {});
    const host = { until: this.until.bind(this), failure: this.failure.bind(this) };
    this.control = new ControlLine(qemu.control, host, () => this.wake());
    qemu.child.stderr.setEncoding('utf8').on('data', (text: string) => void (this.stderr += text));
    this.ended = this.watchEnd(timeLimitMs);
  }

  /** Switches a board on. Its writes to flash go into its flash files. */
  static async start(
    board: Board,
    files: BootFiles,
    { timeLimitMs = TIME_LIMIT_MS, onConsole, ...options }: MachineOptions = {},
  ): Promise<Machine> {
    return new Machine(await startQemu(board, files, options), { timeLimitMs, onConsole });
  }

  /** Waits for the next match on the console, after the end of the previous one. */
  async waitFor(pattern: RegExp, timeLimitMs = 120_000): Promise<RegExpExecArray> {
    return this.until(`${pattern} on the console`, timeLimitMs, () => {
      const match = pattern.exec(this.console.slice(this.seen));
      if (match) this.seen += match.index + match[0].length;
      return match;
    });
  }

  /**
   * Runs a shell command on the board, over the second serial line, which has no kernel messages.
   * It runs in a subshell with empty standard input, so its folder and variables are its own.
   * Commands that are given at the same time run one after the other.
   */
  async run(command: string, timeLimitMs = 120_000): Promise<Result> {
    return this.control.run(command, timeLimitMs);
  }

  /** Runs a command that must succeed, and returns what it printed. */
  async output(command: string): Promise<string> {
    const { status, output } = await this.run(command);
    if (status !== 0)
      throw this.failure(`${named(command)} on the board exited with ${status}: ${output.trim()}`);
    return output;
  }

  /** Tells the board to switch itself off, and waits for QEMU's end. */
  async powerOff(): Promise<End> {
    await this.control.send('sync; poweroff -f', 120_000);
    const end = await this.ended;
    if (end.reason !== 'guest-shutdown')
      throw this.failure(
        `the board was told to power off, but it ended by ${end.reason ?? end.signal}`,
      );
    return end;
  }

  /** Pulls the plug: whatever the board had not written to flash is lost. */
  async kill(): Promise<End> {
    this.qemu.child.kill('SIGKILL');
    return this.ended;
  }

  /** Types on the console. */
  type(text: string): void {
    this.qemu.console.write(text);
  }

  private watchEnd(timeLimitMs: number): Promise<End> {
    const { child, console, control, qmp, clean } = this.qemu;
    const limit = setTimeout(() => {
      this.timedOut = true;
      void this.kill();
    }, timeLimitMs);
    return new Promise((resolve) => {
      child.once('close', (_, signal) => {
        clearTimeout(limit);
        this.end = { reason: qmp.shutdownReason, signal };
        for (const socket of [console, control]) socket.destroy();
        qmp.close();
        clean();
        this.wake();
        resolve(this.end);
      });
    });
  }

  private wake(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  private until<T>(awaited: string, timeLimitMs: number, look: () => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        this.watchers.delete(watcher);
        done();
      };
      const fail = (what: string): void => settle(() => reject(this.failure(what)));
      const watcher = (): void => {
        const found = look();
        if (found !== null) settle(() => resolve(found));
        else if (this.end)
          fail(
            `the board ended (${this.end.reason ?? this.end.signal}) while waiting for ${awaited}`,
          );
      };
      const seconds = Number((timeLimitMs / 1000).toFixed(1));
      const timer = setTimeout(() => fail(`no ${awaited} within ${seconds} s`), timeLimitMs);
      this.watchers.add(watcher);
      watcher();
    });
  }

  private failure(what: string): Failure {
    const lines = lastLines(this.console, TAIL).split('\n');
    const tail = lines.map((line) => `  ${line.trimEnd()}`).join('\n');
    const late = this.timedOut ? " (the board's whole time limit ran out)" : '';
    return new Failure(
      `${what}${late}; the console's last lines:\n${tail}\n${this.stderr.trim()}\n` +
        `reproduce with:\n${this.qemu.reproduce}`,
    );
  }
}
