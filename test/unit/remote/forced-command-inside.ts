/**
 * Plays the forced command for each request of a JSON file, one after the other in one process, and
 * prints what came of each. What happens between the two looks at MARK is what the requests did.
 */
import { existsSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs';
import { cli } from '../../../src/cli/cli.js';
import { stdout } from '../../../src/cli/stdout.js';

const [file = '', mark = ''] = process.argv.slice(2);
const requests = JSON.parse(readFileSync(file, 'utf8')) as string[];
// Node looks at the zone when TZ is set, which a server has done before Node began.
const given = Object.entries(process.env).filter(([name]) => name !== 'TZ');

interface Answer {
  status: number;
  stdout: string;
  stderr: string;
}

/** More than any answer. */
const room = Buffer.alloc(1 << 20);

/** Runs `ssh-shell` and catches what it prints. */
async function answerTo(request: string): Promise<Answer> {
  Object.assign(process.env, Object.fromEntries(given), { SSH_ORIGINAL_COMMAND: request });
  let stderr = '';
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: string | Uint8Array): boolean => {
    stderr += String(text);
    return true;
  };
  ftruncateSync(stdout.fd, 0);
  const status = await cli(['ssh-shell'], {
    run: (verb) => Promise.reject(new Error(`${verb} was run`)),
  });
  // The log writes in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.stderr.write = write;
  const length = readSync(stdout.fd, room, 0, room.length, 0);
  return { status, stdout: room.toString('utf8', 0, length), stderr };
}

async function play(): Promise<void> {
  stdout.fd = openSync(`${mark}-stdout`, 'a+');
  // What is loaded on request is loaded before.
  await answerTo('nothing');
  existsSync(`${mark}-begin`);
  const answers: Answer[] = [];
  for (const request of requests) answers.push(await answerTo(request));
  existsSync(`${mark}-end`);
  process.stdout.write(JSON.stringify({ answers, left: Object.keys(process.env).sort() }));
}

void play();
