import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Board } from '../lib/board.js';
import { Failure } from '../lib/report.js';
import { qemuCommand, shellLine, type BootFiles, type BootOptions } from './command.js';
import { cleanBeforeEnd } from './guard.js';
import { Qmp, connectWhenThere } from './qmp.js';

type QemuProcess = ChildProcessByStdio<null, null, Readable>;

/** A running QEMU with its board. */
export interface RunningQemu {
  child: QemuProcess;
  /** The board's serial lines. */
  console: Socket;
  control: Socket;
  /** The machine protocol. */
  qmp: Qmp;
  /** A shell command that boots the same board with its console on the terminal. */
  reproduce: string;
  /** Kills QEMU if it still runs, and removes its sockets. */
  clean: () => void;
}

/**
 * QEMU listens within a fraction of a second, but takes longer on a machine that is compiling a
 * kernel.
 */
const CONNECT_MS = 20_000;

/** Rejects with one sentence when QEMU cannot be run or ends. */
function endOf(child: QemuProcess, program: string, reproduce: string): Promise<never> {
  return new Promise((_, reject) => {
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    child.once('error', ({ message }) =>
      reject(
        new Failure(`cannot run ${program}: ${message}; \`sh scripts/setup.sh full\` installs it`),
      ),
    );
    child.once('close', (code, signal) =>
      reject(
        new Failure(
          `QEMU ended with ${code ?? signal} before the board was on: ${stderr.trim()}; ` +
            `reproduce with:\n${reproduce}`,
        ),
      ),
    );
  });
}

/**
 * Starts QEMU and connects to its lines. Neither QEMU nor its sockets outlive this process, unless
 * SIGKILL ends it.
 */
export async function startQemu(
  board: Board,
  files: BootFiles,
  options: Omit<BootOptions, 'serial' | 'qmp'>,
): Promise<RunningQemu> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-board-'));
  const socket = (name: string): string => join(folder, name);
  const serial = ['console', 'control'].map((name) => `unix:${socket(name)},server=on,wait=on`);
  const { program, args } = qemuCommand(board, files, { ...options, serial, qmp: socket('qmp') });
  const reproduce = shellLine(qemuCommand(board, files, { ...options, serial: ['mon:stdio'] }));
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const killAndClean = (): void => {
    child.kill('SIGKILL');
    // QEMU may still make a socket between the signal and its end.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 10 });
  };
  const release = cleanBeforeEnd(killAndClean);
  const clean = (): void => {
    release();
    killAndClean();
  };
  const sockets: Socket[] = [];
  const starting = new AbortController();
  const { signal } = starting;
  const connected = async (name: string): Promise<Socket> => {
    const line = await connectWhenThere(socket(name), CONNECT_MS, signal);
    sockets.push(line);
    return line;
  };
  // QEMU waits until somebody takes each of its serial lines, UARTs last, so no console output is
  // lost. Only then does it serve the machine protocol.
  const connectAll = async (): Promise<RunningQemu> => {
    const [console, control] = await Promise.all([connected('console'), connected('control')]);
    const qmp = await Qmp.connect(socket('qmp'), CONNECT_MS, signal);
    signal.throwIfAborted();
    return { child, console, control, qmp, reproduce, clean };
  };
  const failed = endOf(child, program, reproduce);
  // Stops the attempts to connect.
  failed.catch((error: unknown) => starting.abort(error));
  try {
    return await Promise.race([connectAll(), failed]);
  } catch (error) {
    starting.abort(error);
    for (const line of sockets) line.destroy();
    clean();
    throw error;
  }
}
