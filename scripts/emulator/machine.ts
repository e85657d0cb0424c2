import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Board } from '../lib/board.js';
import { Failure } from '../lib/report.js';
import { qemuCommand, shellLine, type BootFiles, type BootOptions } from './command.js';
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

/** How many of the console's last lines a failure shows. */
const TAIL = 25;

/** One emulated board under power: its console, a second line to run commands on, and its plug. */
export class Machine {
  /** All that the console has shown so far. */
  console = '';
  readonly ended: Promise<End>;
  private end: End | null = null;
  private seen = 0;
  private control = '';
  private shellReady = false;
  private timedOut = false;
  private stderr = '';
  private readonly watchers = new Set<() => void>();

  private constructor(
    private readonly child: ChildProcess,
    folder: string,
    private readonly reproduce: string,
    private readonly lines: { console: Socket; control: Socket },
    readonly qmp: Qmp,
    { timeLimitMs, onConsole }: { timeLimitMs: number; onConsole: ((text: string) => void) | undefined },
  ) {
    lines.console.setEncoding('utf8').on('data', (text: string) => {
      this.console += text;
      onConsole?.(text);
      this.wake();
    });
    // A killed QEMU resets its sockets; that it ended is told by its process.
    for (const socket of Object.values(lines)) socket.on('error', () => {});
    lines.control.setEncoding('utf8').on('data', (text: string) => {
      this.control += text;
      this.wake();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => void (this.stderr += text));
    const limit = setTimeout(() => {
      this.timedOut = true;
      this.kill();
    }, timeLimitMs);
    const onExit = (): void => void child.kill('SIGKILL');
    process.once('exit', onExit);
    this.ended = new Promise((resolve) => {
      child.once('close', (_, signal) => {
        clearTimeout(limit);
        process.removeListener('exit', onExit);
        this.end = { reason: qmp.shutdownReason, signal };
        for (const socket of Object.values(lines)) socket.destroy();
        qmp.close();
        rmSync(folder, { recursive: true, force: true });
        this.wake();
        resolve(this.end);
      });
    });
  }

  /** Switches a board on. Its flash files are written as its flash would be. */
  static async start(board: Board, files: BootFiles, { timeLimitMs = 120_000, onConsole, ...options }: MachineOptions = {}): Promise<Machine> {
    const folder = mkdtempSync(join(tmpdir(), 'mountroot-board-'));
    const socket = (name: string): string => join(folder, name);
    const serial = ['console', 'control'].map((name) => `unix:${socket(name)},server=on,wait=on`);
    const command = qemuCommand(board, files, { ...options, serial, qmp: socket('qmp') });
    const reproduce = shellLine(qemuCommand(board, files, { ...options, serial: ['mon:stdio'] }));
    const child = spawn(command.program, command.args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const failed = new Promise<never>((_, reject) => {
      let stderr = '';
      child.stderr.on('data', (text) => (stderr += text));
      child.once('error', (error) => reject(new Failure(`cannot run ${command.program}: ${error.message}; \`sh scripts/setup.sh full\` installs it`)));
      child.once('exit', (code) => reject(new Failure(`QEMU ended with ${code} before the board was on: ${stderr.trim()}; reproduce with:\n${reproduce}`)));
    });
    failed.catch(() => {});
    try {
      // QEMU waits for each of its serial lines to be taken, in order, so no console output is lost; only then does it serve the machine protocol.
      const lines = async (): Promise<Machine> => {
        const console = await connectWhenThere(socket('console'), 20_000);
        const control = await connectWhenThere(socket('control'), 20_000);
        const qmp = await Qmp.connect(socket('qmp'), 20_000);
        return new Machine(child, folder, reproduce, { console, control }, qmp, { timeLimitMs, onConsole });
      };
      return await Promise.race([lines(), failed]);
    } catch (error) {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
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

  /** Runs a shell command on the board over its second serial line, where no kernel message gets between. */
  async run(command: string, timeLimitMs = 120_000): Promise<{ status: number; output: string }> {
    if (!this.shellReady) await this.openShell(timeLimitMs);
    return this.exchange(command, timeLimitMs);
  }

  /** Runs a command that must succeed, and returns what it printed. */
  async output(command: string): Promise<string> {
    const { status, output } = await this.run(command);
    if (status !== 0) throw this.failure(`\`${command}\` on the board exited with ${status}: ${output.trim()}`);
    return output;
  }

  /** The board's own power-off, to the end of QEMU. */
  async powerOff(): Promise<End> {
    if (!this.shellReady) await this.openShell(120_000);
    this.lines.control.write('sync; poweroff -f\n');
    const end = await this.ended;
    if (end.reason !== 'guest-shutdown') throw this.failure('the board was told to power off');
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
        else if (this.end) settle(() => reject(this.failure(`the board ended (${this.end!.reason ?? this.end!.signal}) while waiting for ${awaited}`)));
      };
      const timer = setTimeout(() => settle(() => reject(this.failure(`no ${awaited} within ${timeLimitMs / 1000} s`))), timeLimitMs);
      this.watchers.add(watcher);
      watcher();
    });
  }

  private failure(what: string): Failure {
    const tail = this.console.trimEnd().split('\n').slice(-TAIL).map((line) => `  ${line.trimEnd()}`).join('\n');
    const late = this.timedOut ? ' (the board\'s whole time limit ran out)' : '';
    return new Failure(`${what}${late}; the console's last lines:\n${tail}\n${this.stderr.trim()}\nreproduce with:\n${this.reproduce}`);
  }

  /** Nothing is sent before the shell greets: a UART that nobody has opened yet swallows what it gets, or hangs over it. */
  private async openShell(timeLimitMs: number): Promise<void> {
    await this.until('greeting on the second serial line', timeLimitMs, () => (this.control.includes('control: ready') ? true : null));
    this.shellReady = true;
  }

  private async exchange(command: string, timeLimitMs: number): Promise<{ status: number; output: string }> {
    const mark = randomBytes(6).toString('hex');
    this.control = '';
    this.lines.control.write(`echo "begin"-${mark}; ${command}\necho "end"-${mark} $?\n`);
    const pattern = new RegExp(`begin-${mark}\\r?\\n([^]*?)end-${mark} (\\d+)\\r?\\n`);
    const [, output, status] = await this.until(`end of \`${command}\``, timeLimitMs, () => pattern.exec(this.control));
    return { status: Number(status), output: output!.replaceAll('\r\n', '\n') };
  }
}
