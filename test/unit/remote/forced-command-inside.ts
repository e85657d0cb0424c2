/**
 * Plays the forced command for each request of a JSON file, one after the other in one process, and
 * prints what came of each. What happens between the two looks at MARK is what the requests did.
 */
import { existsSync, readFileSync } from 'node:fs';
import { cli } from '../../../src/cli/cli.js';

const [file = '', mark = ''] = process.argv.slice(2);
const requests = JSON.parse(readFileSync(file, 'utf8')) as string[];
// Node looks at the zone when TZ is set, which a server has done before Node began.
const given = Object.entries(process.env).filter(([name]) => name !== 'TZ');

interface Answer {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs `ssh-shell` and catches what it prints. */
async function answerTo(request: string): Promise<Answer> {
  Object.assign(process.env, Object.fromEntries(given), { SSH_ORIGINAL_COMMAND: request });
  const said = { stdout: '', stderr: '' };
  const doors = (['stdout', 'stderr'] as const).map((name) => {
    const write = process[name].write.bind(process[name]);
    process[name].write = (text: string | Uint8Array): boolean => {
      said[name] += String(text);
      return true;
    };
    return () => void (process[name].write = write);
  });
  const status = await cli(['ssh-shell'], {
    run: (verb) => Promise.reject(new Error(`${verb} was run`)),
  });
  // The log writes in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  for (const close of doors) close();
  return { status, ...said };
}

async function play(): Promise<void> {
  // What is loaded on request is loaded before.
  await answerTo('nothing');
  existsSync(`${mark}-begin`);
  const answers: Answer[] = [];
  for (const request of requests) {
    answers.push(await answerTo(request));
    process.stdout.removeAllListeners('error');
  }
  existsSync(`${mark}-end`);
  process.stdout.write(JSON.stringify({ answers, left: Object.keys(process.env).sort() }));
}

void play();
