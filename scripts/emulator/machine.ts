import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Board } from '../lib/board.js';
import { Failure } from '../lib/report.js';
import { qemuCommand, shellLine, type BootFiles, type BootOptions } from './command.js';
import { ControlLine, named, type Result } from './control-line.js';
import { cleanBeforeEnd } from './guard.js';
import { Qmp, connectWhenThere } from './qmp.js';

export interface MachineOptions extends Omit<BootOptions, 'serial' | 'qmp'> {
  /** After this long QEMU is killed and everything that waits fails. */
  timeLimitMs?: number;
  /** Gets the console as it comes. */
  onConsole?: (text: string) => void;
}

export interface End {
  /** `guest-shutdown`, `guest-reset`, or undefined when QEMU was killed or failed. */
  reason: string | undefined;
  signal: NodeJS.Signals | null;
}

/**
 * QEMU listens within a fraction of a second; a machine that compiles a kernel as well takes
 * longer.
 */
const CONNECT_MS = 20_000;

/** How many of the console's last lines a failure shows. */
const TAIL = 25;

/** One emulated board under power: its console, a second line to run commands on, and its plug. */
export class Machine {
  /** All that the console has shown so far. */
  console = '';
  readonly ended: Promise<End>;
  private end: End | null = null;
  private seen = 0;
  private timedOut = false;
  private stderr = '';
  private readonly watchers = new Set<() => void>();
  private readonly control: ControlLine;

  private constructor(
    private readonly child: ChildProcess,
    clean: () => void,
    private readonly reproduce: string,
    private readonly lines: { console: Socket; control: Socket },
    readonly qmp: Qmp,
    {
      timeLimitMs,
      onConsole,
    }: { timeLimitMs: number; onConsole: ((text: string) => void) | undefined },
  ) {
    lines.console.setEncoding('utf8').on('data', (text: string) => {
      this.console += text;
      onConsole?.(text);
      this.wake();
    });
    // A killed QEMU resets its sockets; that it ended is told by its process.
    for (const socket of Object.values(lines)) socket.on('error', () => {});
    const host = { until: this.until.bind(this), failure: this.failure.bind(this) };
    this.control = new ControlLine(lines.control, host, () => this.wake());
    child.stderr?.setEncoding('utf8').on('data', (text: string) => void (this.stderr += text));
    const limit = setTimeout(() => {
      this.timedOut = true;
      this.kill();
    }, timeLimitMs);
    this.ended = new Promise((resolve) => {
      child.once('close', (_, signal) => {
        clearTimeout(limit);
        this.end = { reason: qmp.shutdownReason, signal };
        for (const socket of Object.values(lines)) socket.destroy();
        qmp.close();
        clean();
        this.wake();
        resolve(this.end);
      });
    });
  }

  /**
   * Switches a board on. Its flash files are written as its flash would be. Neither QEMU nor its
   * sockets outlive this process, unless that gets SIGKILL.
   */
  static async start(
    board: Board,
    files: BootFiles,
    { timeLimitMs = 120_000, onConsole, ...options }: MachineOptions = {},
  ): Promise<Machine> {
    const folder = mkdtempSync(join(tmpdir(), 'mountroot-board-'));
    const socket = (name: string): string => join(folder, name);
    const serial = ['console', 'control'].map((name) => `unix:${socket(name)},server=on,wait=on`);
    const command = qemuCommand(board, files, { ...options, serial, qmp: socket('qmp') });
    const reproduce = shellLine(qemuCommand(board, files, { ...options, serial: ['mon:stdio'] }));
    const child = spawn(command.program, command.args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const killAndClean = (): void => {
      child.kill('SIGKILL');
      // Between the signal and its end QEMU may still make a socket.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 10 });
    };
    const release = cleanBeforeEnd(killAndClean);
    const clean = (): void => {
      release();
      killAndClean();
    };
    const sockets: { destroy(): void }[] = [];
    const starting = new AbortController();
    const failed = new Promise<never>((_, reject) => {
      const fail = (what: string): void => {
        const failure = new Failure(what);
        starting.abort(failure);
        reject(failure);
      };
      let stderr = '';
      child.stderr.on('data', (text) => (stderr += text));
      child.once('error', (error) =>
        fail(
          `cannot run ${command.program}: ${error.message}; \`sh scripts/setup.sh full\` installs it`,
        ),
      );
      child.once('close', (code, signal) =>
        fail(
          `QEMU ended with ${code ?? signal} before the board was on: ${stderr.trim()}; reproduce with:\n${reproduce}`,
        ),
      );
    });
    failed.catch(() => {});
    try {
      // QEMU waits for each of its serial lines to be taken, UARTs last, so no console output is
      // lost; only then does it serve the machine protocol.
      const lines = async (): Promise<Machine> => {
        const connected = async (name: string): Promise<Socket> => {
          const line = await connectWhenThere(socket(name), CONNECT_MS, starting.signal);
          sockets.push(line);
          return line;
        };
        const [console, control] = await Promise.all([connected('console'), connected('control')]);
        const qmp = await Qmp.connect(socket('qmp'), CONNECT_MS, starting.signal);
        starting.signal.throwIfAborted();
        return new Machine(child, clean, reproduce, { console, control }, qmp, {
          timeLimitMs,
          onConsole,
        });
      };
      return await Promise.race([lines(), failed]);
    } catch (error) {
      starting.abort(error);
      for (const line of sockets) line.destroy();
      clean();
      throw error;
    }
  }

  /** The next match on the console, behind the last one waited for. */
  async waitFor(pattern: RegExp, timeLimitMs = 120_000): Promise<RegExpExecArray> {
    return this.until(`${pattern} on the console`, timeLimitMs, () => {
      const match = pattern.exec(this.console.slice(this.seen));
      if (match) this.seen += match.index + match[0].length;
      return match;
    });
  }

  /**
   * Runs a shell command on the board over its second serial line, where no kernel message gets
   * between. It runs in a subshell with nothing on its standard input, so its folder and variables
   * are its own; commands given at the same time run one after the other.
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

  /** The board's own power-off, to the end of QEMU. */
  async powerOff(): Promise<End> {
    await this.control.send('sync; poweroff -f', 120_000);
    const end = await this.ended;
    if (end.reason !== 'guest-shutdown')
      throw this.failure(
        `the board was told to power off, but it ended by ${end.reason ?? end.signal}`,
      );
    return end;
  }

  /** Pulls the plug: what the board had not written to flash is gone. */
  async kill(): Promise<End> {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  /** Types on the console. */
  type(text: string): void {
    this.lines.console.write(text);
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
      const watcher = (): void => {
        const found = look();
        if (found !== null) settle(() => resolve(found));
        else if (this.end)
          settle(() =>
            reject(
              this.failure(
                `the board ended (${this.end!.reason ?? this.end!.signal}) while waiting for ${awaited}`,
              ),
            ),
          );
      };
      const timer = setTimeout(
        () =>
          settle(() =>
            reject(
              this.failure(`no ${awaited} within ${Number((timeLimitMs / 1000).toFixed(1))} s`),
            ),
          ),
        timeLimitMs,
      );
      this.watchers.add(watcher);
      watcher();
    });
  }

  private failure(what: string): Failure {
    const tail = this.console
      .trimEnd()
      .split('\n')
      .slice(-TAIL)
      .map((line) => `  ${line.trimEnd()}`)
      .join('\n');
    const late = this.timedOut ? " (the board's whole time limit ran out)" : '';
    return new Failure(
      `${what}${late}; the console's last lines:\n${tail}\n${this.stderr.trim()}\nreproduce with:\n${this.reproduce}`,
    );
  }
}
