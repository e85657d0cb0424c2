import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

export interface Result {
  status: number;
  output: string;
}

/** The part of a machine that a control line needs. */
export interface Host {
  /**
   * Calls `look` whenever the machine has printed something, until `look` returns a value other
   * than null.
   */
  until<T>(awaited: string, timeLimitMs: number, look: () => T | null): Promise<T>;
  failure(what: string): Error;
}

/**
 * The longest piece of a command. A terminal that edits lines silently cuts them at 4095 bytes
 * (N_TTY_BUF_SIZE, drivers/tty/n_tty.c), and a piece has some words around it.
 */
const PIECE = 2048;

/** The greeting of /etc/init.d/control-line, with the shell's pid. */
const GREETING = /control: ready (\d+)\r?\n/g;

/**
 * Cuts a command into pieces that fit into a line between single quotes; `printf %b` reads them
 * when they are joined again. Control characters and quotes are escaped: the terminal would take
 * them for keys, or the quotes would end.
 */
export function pieces(command: string, limit = PIECE): string[] {
  const made = [''];
  let length = 0;
  for (const character of command) {
    const word = /[\0-\x1f\x7f'\\]/.test(character)
      ? `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`
      : character;
    const bytes = Buffer.byteLength(word);
    if (length + bytes > limit) {
      made.push('');
      length = 0;
    }
    made[made.length - 1] += word;
    length += bytes;
  }
  return made;
}

export const named = (command: string): string =>
  `\`${command.length > 200 ? `${command.slice(0, 200)}…` : command}\``;

/**
 * The shell on the board's second serial line, which has no kernel messages. Each command runs in a
 * subshell with empty standard input. So it cannot end the shell or read the next lines, and its
 * working folder and variables do not reach the next command.
 */
export class ControlLine {
  private text = '';
  /** The pid of the shell that listens; null before the first greeting. */
  private shell: string | null = null;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly socket: Socket,
    private readonly host: Host,
    onData: () => void,
  ) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
      onData();
    });
  }

  /** Runs a command after the commands before it have ended. */
  run(command: string, timeLimitMs: number): Promise<Result> {
    const result = this.turn.then(() => this.exchange(command, timeLimitMs));
    this.turn = result.catch(() => {});
    return result;
  }

  /** Sends a command and does not wait for its end, because the board ends with it. */
  async send(command: string, timeLimitMs: number): Promise<void> {
    await this.turn;
    await this.open(timeLimitMs);
    this.socket.write(`${command}\n`);
  }

  /**
   * Waits for the shell's greeting. A UART that nobody has opened yet loses what it gets, or hangs.
   */
  private async open(timeLimitMs: number): Promise<void> {
    this.shell ??= await this.host.until('greeting on the second serial line', timeLimitMs, () =>
      this.newShell(),
    );
  }

  private newShell(): string | null {
    for (const [, pid] of this.text.matchAll(GREETING)) if (pid !== this.shell) return pid!;
    return null;
  }

  private async exchange(command: string, timeLimitMs: number): Promise<Result> {
    if (command.includes('\0'))
      throw this.host.failure(
        `cannot send ${named(command)} to the board: no shell takes a NUL byte`,
      );
    await this.open(timeLimitMs);
    // A command's time begins when the shell can take it.
    const deadline = Date.now() + timeLimitMs;
    const mark = randomBytes(6).toString('hex');
    this.text = '';
    const all = pieces(command);
    const last = all.pop()!;
    // The shell acknowledges each piece, because the kernel drops what does not fit into the
    // terminal's buffer.
    for (const [index, piece] of all.entries()) {
      this.socket.write(
        `${index === 0 ? 'command=' : 'command=$command'}'${piece}'; echo "got"-${mark}-${index}\n`,
      );
      await this.answer(command, new RegExp(`got-${mark}-${index}\\r?\\n`), deadline);
    }
    const whole = all.length === 0 ? `'${last}'` : `"$command"'${last}'`;
    this.socket.write(
      `echo "begin"-${mark}; (eval "$(printf %b ${whole})") </dev/null; echo "end"-${mark} $?\n`,
    );
    const pattern = new RegExp(`begin-${mark}\\r?\\n([^]*?)end-${mark} (\\d+)\\r?\\n`);
    const [, output, status] = await this.answer(command, pattern, deadline);
    return { status: Number(status), output: output!.replaceAll('\r\n', '\n') };
  }

  private async answer(
    command: string,
    pattern: RegExp,
    deadline: number,
  ): Promise<RegExpExecArray> {
    const look = (): { match: RegExpExecArray } | { pid: string } | null => {
      const match = pattern.exec(this.text);
      if (match) return { match };
      const pid = this.newShell();
      return pid === null ? null : { pid };
    };
    const found = await this.host.until(`end of ${named(command)}`, deadline - Date.now(), look);
    if ('match' in found) return found.match;
    this.shell = found.pid;
    throw this.host.failure(
      `the shell on the second serial line died while it ran ${named(command)}, probably killed; ` +
        'init has started another',
    );
  }
}
