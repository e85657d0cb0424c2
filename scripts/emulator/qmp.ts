import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../lib/report.js';

export interface QmpEvent {
  event: string;
  data?: Record<string, unknown>;
}

type Message = { QMP?: unknown; return?: unknown; error?: { desc: string } } & Partial<QmpEvent>;

/**
 * QEMU's machine protocol: JSON lines over a socket. First a greeting, then answers in the order of
 * the questions, with events in between.
 */
export class Qmp {
  readonly events: QmpEvent[] = [];
  private readonly waiting: ((message: Message) => void)[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on('error', () => {});
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => {
      const message = JSON.parse(line) as Message;
      if (message.event !== undefined) this.events.push(message as QmpEvent);
      else if (message.QMP === undefined) this.waiting.shift()?.(message);
    });
    // It emits the socket's errors once more: a killed QEMU resets its sockets.
    lines.on('error', () => {});
    // QEMU's end answers the questions that are still open.
    socket.on('close', () =>
      this.waiting.splice(0).forEach((answer) => answer({ error: { desc: 'QEMU ended' } })),
    );
  }

  /** Connects, trying again until QEMU listens. */
  static async connect(path: string, timeLimitMs = 10_000, signal?: AbortSignal): Promise<Qmp> {
    const socket = await connectWhenThere(path, timeLimitMs, signal);
    const qmp = new Qmp(socket);
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /** @throws {Error} with QEMU's own words when it refuses. */
  execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push((message) =>
        message.error
          ? reject(new Error(`QEMU refused ${command}: ${message.error.desc}`))
          : resolve(message.return),
      );
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /**
   * Why the guest stopped: `guest-shutdown`, `guest-reset` (a panic under -no-reboot too), or
   * undefined while it runs or when QEMU was killed.
   */
  get shutdownReason(): string | undefined {
    return this.events.find(({ event }) => event === 'SHUTDOWN')?.data?.['reason'] as
      string | undefined;
  }

  close(): void {
    this.socket.destroy();
  }
}

/**
 * Connects to a unix socket as soon as a starting program listens on it.
 * @throws the signal's reason once the program can no longer listen, and a Failure after the time
 *   limit.
 */
export async function connectWhenThere(
  path: string,
  timeLimitMs: number,
  signal?: AbortSignal,
): Promise<Socket> {
  const end = Date.now() + timeLimitMs;
  for (;;) {
    signal?.throwIfAborted();
    const socket = connect(path);
    const failed = await new Promise<Error | null>((resolve) => {
      socket.once('connect', () => resolve(null));
      socket.once('error', resolve);
    });
    if (signal?.aborted) socket.destroy();
    else if (failed === null) return socket;
    else if (Date.now() > end)
      throw new Failure(
        `cannot connect to QEMU at ${path} within ${timeLimitMs / 1000} s: ${failed.message}; ` +
          'is this machine overloaded?',
      );
    else await delay(25);
  }
}
