/** Cases of the checks about the machine. */
import { boardFacts, withSettings } from '../../../fixtures/facts.js';
import { healthyLive } from '../../../fixtures/doctor.js';
import { MIB, said, quiet, type Case } from './changed-boards.js';

export const MACHINE_CASES: Case[] = [
  ['node', 'ok', boardFacts(), healthyLive()],
  [
    'node',
    'problem',
    boardFacts(),
    healthyLive({ node: { version: 'v18.19.0', arch: 'arm', rss: 0 } }),
    /older than 20/,
  ],
  ['native', 'ok', boardFacts(), healthyLive()],
  [
    'native',
    'problem',
    boardFacts(),
    healthyLive({ native: 'Cannot find module' }),
    /cannot be loaded/,
  ],
  ['entropy', 'unknown', boardFacts(), null],
  ['entropy', 'ok', boardFacts(), healthyLive()],
  [
    'entropy',
    'warning',
    boardFacts(),
    said('random: crng init done', 31.2),
    /no random numbers before 31 s/,
  ],
  ['entropy', 'ok', boardFacts(), { ...quiet(), generator: 'virtio_rng.0' }, /hardware generator/],
  ['entropy', 'unknown', boardFacts(), quiet(), /how long Node must wait/],
  ['memory', 'ok', boardFacts(), healthyLive()],
  [
    'memory',
    'problem',
    boardFacts(),
    healthyLive({ memory: { total: 60 * MIB, available: 20 * MIB } }),
  ],
  [
    'memory',
    'warning',
    boardFacts(),
    healthyLive({ memory: { total: 128 * MIB, available: 10 * MIB } }),
    /50.0 MiB of memory is available/,
  ],
  ['memory', 'unknown', boardFacts(), healthyLive({ memory: null })],
  ['watchdog', 'absent', boardFacts(), healthyLive()],
  [
    'watchdog',
    'ok',
    withSettings({ watchdog: '/dev/watchdog' }),
    healthyLive({ paths: { '/dev/watchdog': 'character' } }),
  ],
  [
    'watchdog',
    'problem',
    withSettings({ watchdog: '/dev/watchdog' }),
    healthyLive(),
    /is not there/,
  ],
  ['watchdog', 'unknown', withSettings({ watchdog: '/dev/watchdog' }), null],
  ['clock', 'ok', boardFacts(), healthyLive()],
  ['clock', 'warning', boardFacts(), healthyLive({ time: 12_000 }), /never set/],
];
