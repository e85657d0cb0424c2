import type { Reader } from '../system/port.js';
import { isFileSystem } from '../volumes/file-systems.js';
import { fstypeOf } from '../volumes/mountable.js';
import type { Facts, Volume } from './facts.js';
import { kernelModules } from './kernel-modules.js';

type Needs = Pick<Facts, 'kernel' | 'volume' | 'external' | 'handover' | 'rootdisk'>;

/** A name that may be a module's. The kernel command line may name any type. */
const NAME = /^[\w-]{1,32}$/;

const typeOf = (volume: Volume | null): string | undefined => {
  const [device] = volume?.found ?? [];
  if (volume !== null && volume.attach !== null) return 'ubifs';
  return device === undefined ? undefined : fstypeOf(device, volume!);
};

/** The file systems that a start may mount. */
function typesNeeded({ volume, external, handover, rootdisk }: Needs): string[] {
  const root = handover?.root ?? null;
  const kinds = [root?.content?.kind, rootdisk?.content.kind].filter(
    (kind) => kind !== undefined && isFileSystem(kind),
  );
  const made = rootdisk?.free === undefined ? [] : Object.keys(rootdisk.makers ?? {});
  const types = [typeOf(volume), typeOf(external), ...kinds, ...(root?.fstypes ?? []), ...made];
  return types.filter((type) => type !== undefined);
}

/**
 * Looks for the modules of file systems that a start may mount and that the kernel does not have
 * yet. A kernel that has all of them costs no look.
 */
export function neededModules(reader: Reader, facts: Needs): Pick<Facts, 'modules'> {
  const { filesystems, release } = facts.kernel;
  if (filesystems.length === 0) return {};
  const types = [...new Set(['overlay', ...typesNeeded(facts)])].filter(
    (type) => !filesystems.includes(type) && NAME.test(type),
  );
  return types.length === 0 ? {} : { modules: kernelModules(reader, { release, types }) };
}
