/** The input of `diff`: the layers, and the facts about them on this machine. */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { parseMountinfo, visibleAt } from '../facts/mountinfo.js';
import { persistMounts } from '../facts/persist-paths.js';
import { DATA, META, PERSIST } from '../facts/places.js';
import { identityOf } from '../facts/rom-identity.js';
import { thisMoment } from '../facts/this-moment.js';
import type { Attributes } from '../layer/diff/attributes.js';
import type { WalkOptions } from '../layer/diff/walk.js';
import { reader } from '../system/files.js';
import { comparable, troubleWords } from '../report/root/comparable-layers.js';
import { listed } from '../text/listed.js';
import { UsageError } from './usage-error.js';

/** Two directories, without symlinks on the way to them. */
interface ComparedLayers {
  upper: string;
  lower: string;
  /** They are the layers of this machine's root. */
  here: boolean;
  /** Sentences for the reader of the report. */
  notes: string[];
}

interface NamedLayers {
  upper: string | undefined;
  lower: string | undefined;
}

/** @param name the option or the words that name the directory. @throws {UsageError} */
function directory(path: string, name: string): string {
  let real;
  try {
    real = fs.realpathSync(path);
  } catch (error) {
    throw new UsageError(`cannot use ${name} ${path}: ${(error as Error).message}`);
  }
  if (!fs.statSync(real).isDirectory())
    throw new UsageError(`cannot use ${name} ${path}, for it is no directory`);
  return real;
}

const ELSEWHERE = '--upper DIR and --lower DIR name the two layers of one that is somewhere else';

/** The named layers, else those of the running root. @throws if there are none. */
export function comparedLayers({ upper, lower }: NamedLayers): ComparedLayers {
  if (upper !== undefined && lower !== undefined)
    return {
      upper: directory(upper, '--upper'),
      lower: directory(lower, '--lower'),
      here: false,
      notes: [],
    };
  if (upper !== undefined || lower !== undefined)
    throw new UsageError(
      '--upper and --lower go together: ' +
        'the one names the changes, the other what they are changes of',
    );
  return layersHere();
}

function layersHere(): ComparedLayers {
  const mounts = parseMountinfo(reader.readText('/proc/self/mountinfo'));
  const found = comparable(mounts);
  if ('trouble' in found) throw new Error(`${troubleWords(found.trouble)}; ${ELSEWHERE}`);
  const layers = found;
  const { kept, rom } = layers;
  const [changes] = [...kept, layers.upper];
  // An upper layer in memory has only the changes since the boot. The user asks for the settings.
  const notes =
    kept.length === 0
      ? []
      : [
          `the settings in ${changes} are used read-only; ` +
            `what was changed since the boot is in memory, in ${layers.upper}, and is not shown`,
        ];
  const lasting = persistMounts(mounts).map(({ mountpoint }) => mountpoint);
  if (lasting.length > 0)
    notes.push(
      `${listed(lasting)} ${lasting.length === 1 ? 'has its' : 'have their'} own layers below ` +
        `${DATA}/${PERSIST}, and what was changed there is not shown; --upper and --lower show it`,
    );
  return {
    upper: directory(changes, 'the upper layer'),
    lower: directory(rom, 'the image'),
    here: true,
    notes,
  };
}

const UNSEEN = 'so opaque and redirected directories and metacopies cannot be told from others';

/** The reader of extended attributes; null if they cannot be read, which the notes then report. */
export async function attributesFor(notes: string[]): Promise<Attributes | null> {
  if (process.getuid?.() !== 0)
    notes.push(`overlay's own attributes (trusted.overlay.*) are shown to root alone, ${UNSEEN}`);
  try {
    const { openAttributes } = await import('../layer/diff/attributes.js');
    return await openAttributes();
  } catch (error) {
    notes.push(
      'extended attributes cannot be read without the native parts of mountroot ' +
        `(${(error as Error).message.split('\n')[0]}), ${UNSEEN}, ` +
        'nor files that differ in their attributes alone',
    );
    return null;
  }
}

/**
 * The test for files that hide a newer file of the image. It uses the record of `done`, on the
 * running root or beside an upper layer that was unpacked with it; undefined without a record.
 */
export async function newerFor(layers: ComparedLayers): Promise<WalkOptions['newer']> {
  const { upper, lower, here, notes } = layers;
  const { findRecord, newerThan } = await import('../layer/diff/newer.js');
  const top =
    [upper, dirname(upper)].find((path) => fs.existsSync(`${path}/${META}`)) ?? dirname(upper);
  const { record, complaints } = findRecord(top);
  notes.push(...complaints);
  if (record === null) return undefined;
  const mount = visibleAt(parseMountinfo(reader.readText('/proc/self/mountinfo')), lower);
  const identity = identityOf(reader, {
    path: lower,
    fstype: mount?.fstype ?? 'directory',
    device: mount?.device ?? '',
  });
  // This boot wrote nothing to layers that are not in use.
  if (!here) return newerThan(record, identity, { start: null, now: 0, uptime: 0 });
  return newerThan(record, identity, thisMoment(reader));
}

/** The paths to look at, as on the root that the layers make. @throws {UsageError} for `..` */
export async function pathsOnRoot(paths: readonly string[]): Promise<string[]> {
  const { fromText } = await import('../layer/diff/lower-files.js');
  return paths.map((path) => {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..'))
      throw new UsageError(`cannot look for ${path}: paths are those on the root, without ..`);
    return fromText(parts.join('/'));
  });
}
