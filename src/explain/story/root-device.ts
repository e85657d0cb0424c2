import { because, unlessSure, type Because } from '../sentences/grounds.js';
import type { RootForm } from '../sentences/root-decisions.js';
import type { DecisionLog } from './decision-log.js';
import { rootName, type RootName } from './root-name.js';

/** Forms of root= whose verdict is certain even if the devices are unknown. */
const SURE_FORMS: readonly RootForm[] = ['none', 'mtd', 'ubi', 'other'];
const ENXIO = -6;

/**
 * The kernel's own messages show the number of the name, and whether the kernel found the device.
 */
function witnessed({ seen }: DecisionLog, name: RootName): RootName {
  const { waiting, cannotOpen, mounted, linuxrc } = seen;
  const [, major, minor] =
    /^unknown-block\((\d+),(\d+)\)$/.exec(cannotOpen?.value.device ?? '') ?? [];
  if (major !== undefined)
    return {
      ...name,
      number: `${major}:${minor}`,
      exists: cannotOpen!.value.error === ENXIO ? false : name.exists,
    };
  // With a /linuxrc, the first mount is the image's.
  const device = mounted[linuxrc ? 1 : 0]?.value.device;
  if (device) return { ...name, number: device, exists: true };
  return waiting ? { ...name, number: '0:0', exists: false } : name;
}

function whichRoot({ words }: DecisionLog, name: RootName): Because {
  if (words.root !== null) return because('root-word', { root: words.root });
  return name.said === ''
    ? because('no-root-word')
    : because('root-of-tags', { number: name.said });
}

/** Decides which device is the root. */
export function namesRoot(t: DecisionLog): RootName {
  const name = witnessed(t, rootName(t.words.root, t.given));
  if (!t.given.spoken) {
    t.decide('root-device', { verdict: 'unknown' }, because('command-line-unknown'));
    return { ...name, form: 'other', number: null, exists: null };
  }
  const { form, number, exists } = name;
  t.decide(
    'root-device',
    exists === false && form !== 'none'
      ? { verdict: 'missing', form, number: number ?? '0:0' }
      : { verdict: 'named', form, number: number === '0:0' ? null : number },
    unlessSure(exists !== null || SURE_FORMS.includes(form), whichRoot(t, name)),
  );
  return name;
}
