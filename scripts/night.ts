/**
 * `npm run test:night [-- --minutes N] [--seed S]`: of the tests with power cuts, as many as fit
 * into an hour or another time. The seed chooses them, by default the day of the year.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Failure, checkout, main, say } from './lib/report.js';

const DAY_MS = 86_400_000;
const today = (): number => {
  const now = new Date();
  return Math.floor((Number(now) - Date.UTC(now.getUTCFullYear(), 0)) / DAY_MS) + 1;
};

const whole = (name: string, text: string): string => {
  if (!/^[1-9]\d*$/.test(text)) throw new Failure(`--${name} takes a whole number from 1`);
  return text;
};

/** How the time is shared out, and what is bounded so that a scene takes minutes. */
const PARTS = [
  { program: 'every-cut', share: 0.6, options: ['--mounts', '150', '--agents', '6'] },
  { program: 'powercut', share: 0.4, options: ['--unannounced', '--rounds', '1000'] },
] as const;

await main(() => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(today()) },
    },
  });
  const minutes = Number(whole('minutes', values.minutes));
  const seed = whole('seed', values.seed);
  say(`seed ${seed}, ${minutes} minutes`);
  const statuses = PARTS.map(({ program, share, options }) => {
    const time = String(Math.max(1, Math.round(minutes * share)));
    const words = [...options, '--minutes', time, '--seed', seed];
    const tsx = join(checkout, 'node_modules', '.bin', 'tsx');
    const file = join(checkout, 'test', `${program}.ts`);
    return spawnSync(tsx, [file, ...words], { stdio: 'inherit' }).status;
  });
  return Promise.resolve(statuses.every((status) => status === 0) ? 0 : 1);
});
